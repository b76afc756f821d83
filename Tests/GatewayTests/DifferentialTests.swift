import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Gateway

/// Our parser beside the one of NIOHTTP1: whatever ours accepts, the other accepts with the same meaning.
@Suite struct DifferentialTests {
    /// Method, target, fields (without what frames the body) and body of each complete request.
    private struct Meaning: Equatable, CustomStringConvertible {
        var method = ""
        var target = ""
        var fields: [String] = []
        var body: [UInt8] = []
        var description: String { "\(method) \(target) \(fields) \(body.count)" }
    }

    private func ours(_ bytes: [UInt8]) -> (requests: [Meaning], failed: Bool) {
        var parser = HTTPRequestParser()
        parser.append(ByteBuffer(bytes: bytes))
        var result: [Meaning] = []
        var current = Meaning()
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    current = Meaning(method: head.method.rawValue)
                    current.target = head.path + (head.query.map { "?\($0)" } ?? "")
                    current.fields = head.fields.pairs.map { "\($0.name)=\($0.value)" }
                case .body(let buffer): current.body += Array(buffer.readableBytesView)
                case .end: result.append(current)
                }
            }
            return (result, false)
        } catch { return (result, true) }
    }

    private func theirs(_ bytes: [UInt8]) throws -> (requests: [Meaning], failed: Bool) {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        try channel.pipeline.syncOperations.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        var failed = false
        do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { failed = true }
        var result: [Meaning] = []
        var current = Meaning()
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                current = Meaning(method: head.method.rawValue, target: head.uri)
                // The blanks behind a value are no part of it (RFC 9112 section 5.1); the other parser keeps them.
                current.fields = head.headers.map { "\($0.name.lowercased())=\(HTTPCharacters.trimmed($0.value))" }
            case .body(let buffer): current.body += Array(buffer.readableBytesView)
            case .end: result.append(current)
            }
        }
        return (result, failed)
    }

    private func compare(_ bytes: [UInt8]) throws {
        let mine = ours(bytes)
        guard !mine.requests.isEmpty else { return }
        let other = try theirs(bytes)
        let text = String(decoding: bytes, as: UTF8.self).debugDescription
        #expect(other.requests.count >= mine.requests.count, "\(text)")
        for (left, right) in zip(mine.requests, other.requests) {
            #expect(left.method == right.method && left.body == right.body, "\(text)")
            // An absolute target is taken apart by ours only.
            if right.target.hasPrefix("/") || right.target == "*" { #expect(left.target == right.target, "\(text)") }
            #expect(left.fields == right.fields, "\(text)")
        }
    }

    @Test func corpus() throws {
        for text in Corpus.valid {
            #expect(ours(Array(text.utf8)).requests.count == 1)
            try compare(Array(text.utf8))
        }
    }

    @Test func refusedByOursIsNeverMoreThanTheirs() throws {
        for entry in Corpus.invalid { try compare(Array(entry.text.utf8)) }
    }

    @Test func pipelines() throws {
        let calm = Corpus.valid.filter { !$0.contains("close") && !$0.contains("HTTP/1.0") && !$0.hasPrefix("\r") }
        try compare(calm.joined().utf8.map { $0 })
        #expect(ours(Array(calm.joined().utf8)).requests.count == calm.count)
    }

    @Test func mutations() throws {
        var generator = SeededGenerator(state: 11)
        let calm = Corpus.valid.filter { !$0.contains("close") && !$0.contains("HTTP/1.0") }
        let bytesOfNote = Array("\r\n :;,\t\0\"=/?%0159afAGHTPkx".utf8)
        for _ in 0..<3_000 {
            var bytes = Array((calm.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = bytesOfNote.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[index] = byte
                case 1: bytes.insert(byte, at: index)
                default: bytes.remove(at: index)
                }
            }
            try compare(bytes)
        }
    }
}
