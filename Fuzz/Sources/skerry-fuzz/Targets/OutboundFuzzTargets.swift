import NIOCore
import Outbound

/// The parser of servers' answers. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum OutboundFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["http-response": response] }

    /// Small valid inputs for each target.
    static func seeds() -> [String: [String: [UInt8]]] {
        func seed(_ mode: UInt8, _ text: String) -> [UInt8] { [mode] + Array(text.utf8) }
        return [
            "http-response": [
                "length": seed(0, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
                "chunked": seed(
                    0, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nt: 1\r\n\r\n"),
                "close": seed(0, "HTTP/1.0 404 \r\nA: b \r\n\r\nbye"),
                "interim": seed(0, "HTTP/1.1 103 X\r\nlink: a\r\n\r\nHTTP/1.1 204 No\r\n\r\n"),
                "head": seed(1, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n"),
                "upgrade": seed(2, "HTTP/1.1 101 S\r\nupgrade: websocket\r\n\r\nraw"),
            ]
        ]
    }

    /// What a parser made of bytes.
    struct Outcome: Equatable {
        var interim: [Int] = []
        var status = 0
        var fields: [String] = []
        var body: [UInt8] = []
        var isWhole = false
        var rest = 0
        var failure: String?
    }

    /// The first byte says what was asked. Whole and byte by byte, the same must come of the rest.
    private static func response(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        let whole = read(bytes, mode, pieces: max(1, bytes.count))
        let parts = read(bytes, mode, pieces: 1)
        if whole != parts { return "whole: \(whole); in pieces: \(parts)" }
        if whole.body.count > bytes.count { return "there is more body than bytes" }
        return whole.failure == nil && whole.isWhole && whole.status < 101 ? "an answer without a status" : nil
    }

    static func read(_ bytes: [UInt8], _ mode: UInt8, pieces: Int) -> Outcome {
        var parser = HTTPResponseParser()
        parser.expect(isHead: mode & 1 == 1, mayUpgrade: mode & 2 == 2, tellsInterim: mode & 4 == 4)
        var outcome = Outcome()
        do {
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                let piece = bytes[start..<min(bytes.count, start + pieces)]
                if outcome.isWhole {
                    outcome.rest += piece.count
                    continue
                }
                parser.append(ByteBuffer(bytes: piece))
                while !outcome.isWhole, let event = try parser.next() { take(&outcome, &parser, event) }
            }
            if !outcome.isWhole, let last = try parser.finish() { take(&outcome, &parser, last) }
        } catch {
            outcome.failure = error.description
        }
        return outcome
    }

    /// Takes one event at a time: what came before a failure was read, however the bytes were cut.
    private static func take(
        _ outcome: inout Outcome, _ parser: inout HTTPResponseParser, _ event: HTTPResponseParser.Event
    ) {
        switch event {
        case .interim(let head): outcome.interim.append(head.status)
        case .head(let head, _): (outcome.status, outcome.fields) = (head.status, lines(head))
        case .upgraded(let head):
            (outcome.status, outcome.fields) = (head.status, lines(head))
            outcome.isWhole = true
            outcome.rest += parser.takeRest().readableBytes
        case .body(let part): outcome.body += Array(part.readableBytesView)
        case .end:
            outcome.isWhole = true
            outcome.rest += parser.takeRest().readableBytes
        }
    }

    private static func lines(_ head: HTTPResponseHead) -> [String] { head.fields.map { "\($0.name): \($0.value)" } }
}
