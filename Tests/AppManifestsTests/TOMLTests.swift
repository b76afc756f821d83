import AppManifests
import Testing

@Suite("TOML")
struct TOMLTests {
    private func content(_ text: String, _ key: String = "a") throws -> TOMLValue.Content? {
        try TOMLDocument.parse(text)[key]?.value.content
    }

    @Test(
        "Values of every kind",
        arguments: [
            ("a = 1", TOMLValue.Content.integer(1)), ("a = -17", .integer(-17)), ("a = +1_000", .integer(1_000)),
            ("a = 0xDEAD_beef", .integer(0xDEAD_BEEF)), ("a = 0o17", .integer(15)), ("a = 0b101", .integer(5)),
            ("a = 1.5", .float(1.5)), ("a = 6.02e23", .float(6.02e23)), ("a = 1e3", .float(1_000)),
            ("a = -inf", .float(-.infinity)), ("a = true", .boolean(true)), ("a = false # yes", .boolean(false)),
            ("a = \"x\\ty\\u00e9\\\\\"", .string("x\tyé\\")), ("a = 'C:\\n'", .string("C:\\n")),
            ("a = \"\"\"\none\n\"two\" \\\n   three\"\"\"", .string("one\n\"two\" three")),
            ("a = '''\n'quoted''''", .string("'quoted'")), ("a = \"\"", .string("")),
            ("a = 2026-11-01", .date("2026-11-01")), ("a = 2026-11-01 07:32:00Z", .date("2026-11-01 07:32:00Z")),
            ("a = 07:32:00.5", .date("07:32:00.5")),
        ])
    func values(_ text: String, _ expected: TOMLValue.Content) throws {
        #expect(try content(text) == expected)
    }

    @Test("Tables, dotted keys, lists over several lines, and lists of tables")
    func structure() throws {
        let table = try TOMLDocument.parse(
            """
            title = "x"
            point.x = 1
            point."y z" = 2
            list = [ 1, # one
              2,
            ]
            inline = { a = 1, b.c = "d" }
            [server.main]
            port = 80
            [server]
            name = "s"
            [[items]]
            id = 1
            [[items]]
            id = 2
            [items.more]
            deep = true
            """)
        #expect(table.entries.map(\.key) == ["title", "point", "list", "inline", "server", "items"])
        guard case .table(let point)? = table["point"]?.value.content,
            case .array(let list)? = table["list"]?.value.content,
            case .table(let server)? = table["server"]?.value.content,
            case .array(let items)? = table["items"]?.value.content, items.count == 2,
            case .table(let second) = items[1].content
        else {
            Issue.record("the structure is another one")
            return
        }
        #expect(point["y z"]?.value.content == .integer(2))
        #expect(list.map(\.position) == [TOMLPosition(line: 4, column: 10), TOMLPosition(line: 5, column: 3)])
        #expect(server.entries.map(\.key) == ["main", "name"])
        #expect(second["id"]?.value.content == .integer(2))
        #expect(second["more"] != nil)
    }

    @Test(
        "What is wrong is said where it is",
        arguments: [
            ("a", "1:2", "comes ="), ("a =", "1:4", "a value is missing"),
            ("a = b", "1:5", "put text in quotes: \"b\""),
            ("a = \"x", "1:5", "is not closed"), ("a = 1 b = 2", "1:7", "begin a new line"),
            ("a = 1\nb = 2\na = 3", "3:1", "given twice, first in line 1"), ("[a]\n[a]", "2:2", "given twice"),
            ("[a\n", "1:3", "write ]"), ("a = [1, 2", "1:5", "the list that begins here"),
            ("a = [1 2]", "1:8", "a comma"), ("a = {b = 1", "1:11", "ends with }"), ("a = \"\\q\"", "1:6", "escape"),
            ("a = \"\\uD800\"", "1:6", "hexadecimal"), ("= 1", "1:1", "a name is missing"),
            ("a = 012", "1:5", "no value"), ("a = 1__0", "1:5", "no value"), ("a.b = 1\na = 2", "2:1", "given twice"),
            ("a = 1\n[a]", "2:2", "given twice"), ("a = 99999999999999999999", "1:5", "no value"),
            ("é = 1", "1:1", "a name is missing"), ("a = 2026-13-01", "1:5", "no value"),
        ])
    func errors(_ text: String, _ place: String, _ message: String) {
        let error = #expect(throws: TOMLError.self) { try TOMLDocument.parse(text) }
        #expect(error?.position.description == place, "\(String(describing: error))")
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test("Nesting has a limit, and one less is fine")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            "a = " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try TOMLDocument.parse(nested(TOMLLimits.maxDepth))
        #expect(throws: TOMLError.self) { try TOMLDocument.parse(nested(TOMLLimits.maxDepth + 1)) }
        let path = Array(repeating: "a", count: TOMLLimits.maxDepth)
        _ = try TOMLDocument.parse(path.joined(separator: ".") + " = 1")
        #expect(throws: TOMLError.self) { try TOMLDocument.parse((path + ["a"]).joined(separator: ".") + " = 1") }
    }

    @Test("A file at the limit is read, one byte more is not")
    func size() throws {
        _ = try TOMLDocument.parse("#" + String(repeating: "x", count: TOMLLimits.maxBytes - 1))
        #expect(throws: TOMLError.self) {
            try TOMLDocument.parse("#" + String(repeating: "x", count: TOMLLimits.maxBytes))
        }
    }

    @Test("No text traps the reader")
    func hostileText() {
        let seed = "a = 1\n[b.c]\nd = [\"x\", {y = 'z'}]\n[[e]]\nf = \"\"\"\nq\\\n\"\"\"\ng = 2026-11-01T00:00:00Z\n"
        let pieces = [
            "\"", "'", "[", "]", "{", "}", "=", ".", "\\", "\n", "\r", "#", "\"\"\"", "\u{0}", "é", "0x", ",",
        ]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = text.index(text.startIndex, offsetBy: Int.random(in: 0...text.count, using: &generator))
                if Bool.random(using: &generator), index < text.endIndex {
                    text.remove(at: index)
                } else {
                    text.insert(contentsOf: pieces.randomElement(using: &generator) ?? "", at: index)
                }
            }
            _ = try? TOMLDocument.parse(text)
        }
    }
}
