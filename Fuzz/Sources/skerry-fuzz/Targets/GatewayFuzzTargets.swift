import Blake3
import Identity
import Manifests
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Gateway

/// Decoders of the gateway. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum GatewayFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["http": http, "http-fields": fields, "client-hello": hello] }

    /// One complete request, without what frames its body.
    private struct Meaning: Equatable {
        var method = ""
        var target = ""
        var fields: [String] = []
        var body: [UInt8] = []
    }

    /// A beginning says nothing or the same as the whole.
    private static func hello(_ input: [UInt8]) -> String? {
        let whole = ClientHello.read(ByteBuffer(bytes: input))
        for cut in stride(from: 0, to: input.count, by: max(1, input.count / 64)) {
            let part = ClientHello.read(ByteBuffer(bytes: input[..<cut]))
            guard part == .needsMore || part == whole || cut >= ClientHello.maxBytes else {
                return "\(part) of \(cut) bytes, \(whole) of all"
            }
        }
        return nil
    }

    /// What is accepted whole is accepted in pieces, and NIOHTTP1 reads it in the same way. The first byte is the size of
    /// the pieces.
    private static func http(_ input: [UInt8]) -> String? {
        guard let size = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        let whole = ours(bytes, pieces: max(1, bytes.count))
        let parts = ours(bytes, pieces: Int(size) + 1)
        guard whole.requests == parts.requests, whole.failed == parts.failed else {
            return "\(whole.requests.count) requests whole, \(parts.requests.count) in pieces of \(Int(size) + 1)"
        }
        if whole.requests.isEmpty { return nil }
        let other = theirs(bytes)
        guard other.count >= whole.requests.count else {
            return "\(whole.requests.count) requests; \(other.count) for NIOHTTP1"
        }
        for (mine, its) in zip(whole.requests, other) {
            guard mine.method == its.method, mine.body == its.body, mine.fields == its.fields else {
                return "\(mine) is for NIOHTTP1 \(its)"
            }
            // An absolute target is taken apart by ours only.
            if its.target.hasPrefix("/") || its.target == "*", mine.target != its.target {
                return "target \(mine.target) is for NIOHTTP1 \(its.target)"
            }
        }
        return nil
    }

    private static func ours(_ bytes: [UInt8], pieces: Int) -> (requests: [Meaning], failed: Bool) {
        var parser = HTTPRequestParser()
        var result: [Meaning] = []
        var current = Meaning()
        var keepsAlive = true
        do {
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                parser.append(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + pieces)]))
                while let event = try parser.next() {
                    switch event {
                    case .head(let head):
                        keepsAlive = head.keepsAlive
                        current = Meaning(method: head.method.rawValue)
                        current.target = head.path + (head.query.map { "?\($0)" } ?? "")
                        current.fields = head.fields.pairs.map { "\($0.name)=\(plain($0.value))" }
                    case .body(let buffer): current.body += Array(buffer.readableBytesView)
                    case .end:
                        result.append(current)
                        // What follows on a connection that ends is nobody's request.
                        if !keepsAlive { return (result, false) }
                    }
                }
            }
            return (result, false)
        } catch { return (result, true) }
    }

    private static func theirs(_ bytes: [UInt8]) -> [Meaning] {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
        guard (try? channel.pipeline.syncOperations.addHandler(decoder)) != nil else { return [] }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        var result: [Meaning] = []
        var current = Meaning()
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                current = Meaning(method: head.method.rawValue, target: head.uri)
                // The blanks behind a value are no part of it (RFC 9112 section 5.1); the other parser keeps them.
                current.fields = head.headers.map {
                    "\($0.name.lowercased())=\(plain(HTTPCharacters.trimmed($0.value)))"
                }
            case .body(let buffer): current.body += Array(buffer.readableBytesView)
            case .end: result.append(current)
            }
        }
        return result
    }

    /// A value without bytes above ASCII: ours takes them for Latin-1 and NIOHTTP1 for UTF-8.
    private static func plain(_ value: some StringProtocol) -> String {
        String(value.unicodeScalars.filter(\.isASCII).map(Character.init))
    }

    /// Values that visitors send in fields and targets.
    private static func fields(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        for byteCount in [0, 1, 1_000, Int.max] {
            guard case .some(let ranges) = ByteRanges.parse(text, byteCount: byteCount, maxRanges: 16) else {
                continue
            }
            for range in ranges where range.isEmpty || range.lowerBound < 0 || range.upperBound > byteCount {
                return "range \(range) of \(byteCount) bytes"
            }
        }
        _ = EntityTags(text)
        let variants = ContentEncoding.allCases.map {
            SiteManifest.Variant(encoding: $0, blob: BlobID(Digest(unsafeUninitialized: { _ in })), byteCount: 1)
        }
        // Which coding is taken depends on what is said, not on how it is cut into lines.
        if !text.contains(";"), AcceptedEncodings(text) != AcceptedEncodings(text + ",") {
            return "an empty member of a list means something"
        }
        _ = AcceptedEncodings(text).choose(variants)
        _ = HostName(text)
        // As the parser lets a path through.
        guard input.first == UInt8(ascii: "/"), input.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        if let path = (try? RequestPath.decode(text))?.text,
            (try? RequestPath.decode(RequestPath.encode(path))) != .init(text: path, withEncodedSlashes: nil)
        {
            return "path \(path.debugDescription) is not what is read from its encoding"
        }
        return nil
    }
}
