@testable import Machines

/// What comes from inside machines: log lines, answers to health checks, files, and what runtimes say. A target takes any bytes
/// and says what was read wrongly; nil if nothing was.
enum MachinesFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        [
            "machine-log-line": line, "machine-health-answer": answer, "machine-runtime-log": runtime,
            "machine-copy": copy,
        ]
    }

    /// Small valid inputs.
    static func seeds() -> [String: [String: [UInt8]]] {
        [
            "machine-log-line": [
                "full": Array("1795996624746481255 stdout F hello".utf8), "part": Array("1 stderr P ".utf8),
            ],
            "machine-health-answer": ["good": Array("HTTP/1.1 200 OK".utf8), "bad": Array("HTTP/1.0 503 ".utf8)],
            "machine-copy": [
                "tree": [
                    .folder(Array("d".utf8), .init(mode: 0o755, modified: 1)), .link(Array("l".utf8), Array("/".utf8)),
                    .file(Array("f".utf8), .init(mode: 0o600, modified: -1)), .part([1, 2]), .part([]), .up, .end,
                ].flatMap(CopyStream.encode)
            ],
            "machine-runtime-log": [
                "runc": Array(#"{"level":"error","msg":"exec: \"/x\": no such file or directory"}"#.utf8),
                "crun": Array(#"{ "msg" : "executable file `/x` not found", "level" : "error" }"#.utf8),
            ],
        ]
    }

    private static func line(_ input: [UInt8]) -> String? {
        guard let line = LogFiles.parse(input) else { return nil }
        return line.at >= 0 && line.text.utf8.count <= 3 * input.count ? nil : "a line is longer than what was read"
    }

    private static func answer(_ input: [UInt8]) -> String? {
        guard Prober.judge(input, 80) == nil else { return nil }
        return input.starts(with: Array("HTTP/1.".utf8)) ? nil : "what is not HTTP was taken for healthy"
    }

    private static func runtime(_ input: [UInt8]) -> String? {
        let error = RuntimeDriver.failure(log: String(decoding: input, as: UTF8.self), command: "/server")
        return error.message.isEmpty || error.message.utf8.count > 8_192 ? "its message is empty or too long" : nil
    }

    /// What is read is written as it was read, in pieces of any size, and names are names.
    private static func copy(_ input: [UInt8]) -> String? {
        func read(_ pieces: [ArraySlice<UInt8>]) -> [CopyStream.Item] {
            var decoder = CopyDecoder()
            var items: [CopyStream.Item] = []
            for piece in pieces {
                decoder.feed(piece)
                do { while let item = try decoder.next() { items.append(item) } } catch { break }
            }
            return items
        }
        let items = read([input[...]])
        guard items == read(input.indices.map { input[$0...$0] }) else { return "pieces mean something else" }
        let again = items.flatMap(CopyStream.encode)
        guard items == read([again[...]]) else { return "what was written means something else" }
        let isBad = items.contains { item in
            switch item {
            case .folder(let name, _), .file(let name, _), .link(let name, _):
                name.isEmpty || name.contains(UInt8(ascii: "/")) || name == [0x2E] || name == [0x2E, 0x2E]
            default: false
            }
        }
        return isBad ? "a name is none of a file" : nil
    }
}
