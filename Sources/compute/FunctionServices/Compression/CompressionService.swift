import Functions
import NIOCore
import NIOPosix
import Streams
import Synchronization

/// Answers `compress`: bytes through zlib, as they come.
///
/// Argument `{"format": "gzip" | "deflate" | "deflate-raw", "op": "compress" | "decompress"}`, value `{}`. What the reader
/// does not take stops the writer: at most 64 KiB of output and one part of input are in memory beside the body's window,
/// however far the data expands. Damaged, cut off or followed by something else, it breaks the answer's body.
final class CompressionService: Sendable {
    struct Argument: Decodable, Sendable {
        var format: CompressionFormat
        var op: DeflateStream.Direction
    }

    /// Streams of one app at a time, each of which takes up to 256 KiB beside its body's window.
    static let maxStreamsPerApp = 128
    /// Streams of all apps at a time.
    static let maxStreams = 1_024

    private let pumps: BodyPumps
    private let streams = Mutex(
        AppBudget(
            .init(
                perSecond: .infinity, burst: .infinity, concurrent: maxStreamsPerApp, concurrentOfAll: maxStreams)))

    init(pumps: BodyPumps) { self.pumps = pumps }

    func answer(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Argument.self, of: call)
        let app = call.version.tenant
        guard streams.withLock({ $0.begin(app, now: .now()) }) == nil else {
            throw HostCallError("compress/limit", "Too many compressions are under way; finish some before the next")
        }
        let body = pumps.start(
            { stream, _ in try await Self.transform(call.body, argument, into: stream) },
            ended: { [self] in streams.withLock { $0.finish(app) } })
        return HostAnswer(value: "{}", body: .stream(body))
    }

    private static func transform(_ body: FunctionBody, _ argument: Argument, into stream: ByteStream) async throws {
        do {
            let deflate = try DeflateStream(argument.format, argument.op)
            for try await part in BodyParts(body) {
                deflate.feed(part)
                try await drain(deflate, into: stream)
            }
            deflate.finish()
            try await drain(deflate, into: stream)
        } catch let damage as DeflateStream.Damaged {
            throw HostCallError("compress/data", damage.description)
        }
    }

    private static func drain(_ deflate: DeflateStream, into stream: ByteStream) async throws {
        while let output = try deflate.step() {
            if output.readableBytes > 0 { try await stream.write(output) }
            // A step takes a millisecond or so; others get their turn in between.
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
