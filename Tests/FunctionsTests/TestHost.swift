import Foundation
import Functions
import NIOCore
import Streams
import Synchronization

/// Answers what the functions under test ask for, and remembers it.
final class TestHost: FunctionHost {
    private struct Seen: Decodable {
        var url: String?
        var path: String?
        var key: String?
    }

    private let names = Mutex<[String]>([])
    private let values = Mutex<[String: ByteBuffer]>([:])

    /// The names of the calls, in order.
    var calls: [String] { names.withLock { $0 } }

    func answer(_ call: HostCall) async throws -> HostAnswer {
        names.withLock { $0.append(call.name) }
        let seen = try JSONDecoder().decode(Seen.self, from: Data(call.argument.utf8))
        switch call.name {
        case "fetch", "service": return try await fetch(call, seen.url ?? "")
        case "assets.get":
            if seen.path == "/none" { return HostAnswer(value: #"{"status":404}"#) }
            return HostAnswer(
                value: #"{"status":200,"contentType":"text/css","etag":"\"e\""}"#,
                body: .bytes(ByteBuffer(string: seen.path ?? "")))
        case "kv.put":
            let value = try await call.body.collect(limit: 1 << 20)
            values.withLock { $0[seen.key ?? ""] = value }
            return HostAnswer()
        case "kv.get":
            guard let value = values.withLock({ $0[seen.key ?? ""] }) else {
                return HostAnswer(value: #"{"found":false}"#)
            }
            return HostAnswer(value: #"{"found":true}"#, body: .bytes(value))
        default: throw HostCallError("host/unknown", "there is no such call")
        }
    }

    private func fetch(_ call: HostCall, _ url: String) async throws -> HostAnswer {
        // As the node writes it.
        let written = url.replacingOccurrences(of: "|", with: "%7C")
        let value = #"{"url":"\#(written)","status":200,"statusText":"OK","headers":[["a","1"],["a","2"]]}"#
        switch url.split(separator: "/").last {
        case "verbose": throw HostCallError("fetch/failed", String(repeating: "m", count: 100_000))
        case "too-large": return HostAnswer(value: #"{"url":"\#(String(repeating: "u", count: 1 << 20))"}"#)
        case "refused": throw HostCallError("fetch/refused", "the address is not public")
        case "hang":
            try await Task.sleep(for: .seconds(60))
            return HostAnswer(value: value)
        case "argument": return HostAnswer(value: value, body: .bytes(ByteBuffer(string: call.argument)))
        case "parts": return HostAnswer(value: value, body: .stream(Self.parts(5)))
        case "broken": return HostAnswer(value: value, body: .stream(Self.brokenStream()))
        case "large": return HostAnswer(value: value, body: .stream(Self.large(4 << 20)))
        default:
            let body = try await call.body.collect(limit: 64 << 20)
            return HostAnswer(value: value, body: .bytes(body))
        }
    }

    /// A stream of `count` short parts.
    static func parts(_ count: Int) -> ByteStream {
        let stream = ByteStream()
        for index in 0..<count { stream.append(ByteBuffer(string: "part \(index) ")) }
        stream.finish()
        return stream
    }

    private static func brokenStream() -> ByteStream {
        let stream = ByteStream()
        stream.append(ByteBuffer(string: "first"))
        stream.fail(HostCallError("fetch/failed", "the connection was reset"))
        return stream
    }

    /// A stream that is written no faster than it is read.
    static func large(_ bytes: Int) -> ByteStream {
        let stream = ByteStream()
        Task {
            do {
                for _ in 0..<(bytes >> 15) { try await stream.write(ByteBuffer(repeating: 7, count: 1 << 15)) }
                stream.finish()
            } catch {
                stream.stop()
            }
        }
        return stream
    }
}
