import Gateway
import HTTPCache
import Identity
import Logging
import NIOCore
import Streams

/// A body on its way here, which goes on from another source when its own one fails: from another node, else from the
/// origin.
///
/// Only where the strong tag of its record says that the other source has the same bytes; else, and after
/// ``maxResumptions``, the failure is its end. Ends only when all declared bytes have come.
struct IncomingBody: Sendable {
    /// How often one body goes on from another source.
    static let maxResumptions = 5

    private let cache: EdgeCache
    private let call: CacheCall
    private let record: StoredResponse
    private var stream: ByteStream
    private var source: Flight.Provenance
    /// Where in the representation the next byte is.
    private var offset: Int64
    /// Where it ends; nil while nobody knows.
    private let end: Int64?
    /// Bytes that a source sends although they are here already.
    private var surplus: Int64 = 0
    private var failed: Set<NodeID> = []
    private var resumptions = 0

    /// What was received.
    ///
    /// - Parameter range: The bytes of the representation that it brings; nil for all, as many as they are.
    init(
        _ received: EdgeCache.Received, of record: StoredResponse, _ range: Range<Int64>? = nil, for call: CacheCall,
        in cache: EdgeCache
    ) {
        self.cache = cache
        self.call = call
        self.record = record
        stream = received.body
        source = received.provenance
        offset = range?.lowerBound ?? 0
        end = range?.upperBound ?? received.length
    }

    /// The rest of something that was stored whole and cannot be read any more.
    init(of record: StoredResponse, from offset: Int64, for call: CacheCall, in cache: EdgeCache) {
        self.cache = cache
        self.call = call
        self.record = record
        let lost = ByteStream()
        lost.fail(EdgeCacheError("A stored body cannot be read"))
        stream = lost
        source = .origin
        self.offset = offset
        end = record.body.totalBytes
    }

    /// The next bytes; nil at the end. When it throws, the source has been told to stop.
    mutating func next() async throws -> ByteBuffer? {
        while true {
            do {
                if let bytes = try await piece() { return bytes }
                guard let end, offset < end else { return nil }
                throw EdgeCacheError("Less came than was declared")
            } catch {
                stream.stop()
                try await goOn(after: error)
            }
        }
    }

    /// Wants no more.
    func stop() { stream.stop() }

    private mutating func piece() async throws -> ByteBuffer? {
        while var bytes = try await stream.next() {
            let skipped = min(surplus, Int64(bytes.readableBytes))
            bytes.moveReaderIndex(forwardBy: Int(skipped))
            surplus -= skipped
            guard bytes.readableBytes > 0 else { continue }
            offset += Int64(bytes.readableBytes)
            if let end, offset > end { throw EdgeCacheError("More came than was declared") }
            return bytes
        }
        return nil
    }

    private mutating func goOn(after error: any Error) async throws {
        guard record.hasStrongTag, end.map({ offset < $0 }) ?? true, let key = call.key, !Task.isCancelled else {
            throw error
        }
        if case .peer(let node) = source { failed.insert(node) }
        while resumptions < IncomingBody.maxResumptions {
            resumptions += 1
            let fields = call.policy.fields(call.request, forBytesFrom: offset, to: end)
            let received: EdgeCache.Received
            do { received = try await cache.receive(fields, call, key, avoiding: failed) } catch { break }
            if let range = record.bytes(in: received.head), range.contains(offset),
                let rest = try? await cache.bytes(of: received, beginning: range.lowerBound, from: offset, call)
            {
                (stream, surplus) = rest
                source = received.provenance
                cache.counters.resumed()
                cache.logger.debug(
                    "A body goes on from another source",
                    metadata: ["url": "\(key.url)", "offset": "\(offset)", "error": "\(error)"])
                return
            }
            received.body.stop()
            // The origin has something else by now.
            guard case .peer(let node) = received.provenance else { break }
            failed.insert(node)
        }
        throw error
    }
}

extension EdgeCache {
    /// What an answer has of a body from `offset` on, and how many bytes before it come all the same.
    ///
    /// - Parameter start: Where in the body the answer begins, at most `offset`.
    fileprivate func bytes(
        of received: Received, beginning start: Int64, from offset: Int64, _ call: CacheCall
    ) async throws -> (ByteStream, Int64) {
        guard let (id, byteCount) = received.blob else { return (received.body, offset - start) }
        let blob = try await blobs.open(id, on: call.loop).get()
        guard blob.byteCount == byteCount, offset < Int64(byteCount) else {
            blob.close()
            throw EdgeCacheError("A blob has another length")
        }
        received.body.stop()
        return (EdgeCache.bytes(Int(offset)..<byteCount, of: blob, on: call.loop), 0)
    }

    /// Some bytes of a stream at the pace of whoever reads them; then the stream is stopped.
    static func bytes(_ range: Range<Int>, of source: ByteStream) -> ByteStream {
        let stream = ByteStream(onStop: { source.stop() })
        Task {
            do {
                var position = 0
                while position < range.upperBound, let piece = try await source.next() {
                    let wanted = range.clamped(to: position..<position + piece.readableBytes)
                    let start = piece.readerIndex + wanted.lowerBound - position
                    if let bytes = piece.getSlice(at: start, length: wanted.count) { try await stream.write(bytes) }
                    position += piece.readableBytes
                }
                guard position >= range.upperBound else { throw EdgeCacheError("Less came than was declared") }
                stream.finish()
            } catch {
                stream.fail(error)
            }
            source.stop()
        }
        return stream
    }

    /// Bytes of a blob at the pace of whoever reads them, to the end or until the reader stops.
    static func bytes(_ range: Range<Int>, of blob: any GatewayBlob, on loop: any EventLoop) -> ByteStream {
        let stream = ByteStream()
        blob.demand(range)
        Task {
            defer { blob.close() }
            do {
                var position = range.lowerBound
                while position < range.upperBound {
                    let index = position / GatewayBlock.byteCount
                    let block = try await blob.block(index, on: loop).get()
                    let skipped = position - index * GatewayBlock.byteCount
                    let count = min(range.upperBound - position, block.readableBytes - skipped)
                    guard count > 0, let piece = block.getSlice(at: block.readerIndex + skipped, length: count) else {
                        throw EdgeCacheError("A block has another length")
                    }
                    try await stream.write(piece)
                    position += count
                }
                stream.finish()
            } catch {
                stream.fail(error)
            }
        }
        return stream
    }
}
