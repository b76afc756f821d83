import Bundling
import Foundation
import Functions
import Testing

@Suite("Source maps")
struct SourceMapTests {
    private func map(_ mappings: String, sources: [String] = ["a.ts", "b.ts"]) throws -> SourceMap {
        try SourceMap(
            JSONSerialization.data(withJSONObject: [
                "version": 3, "sources": sources, "names": [], "mappings": mappings,
            ]))
    }

    @Test(
        "Places in the sources",
        arguments: [
            // Line 1: column 0 is a.ts 1:1, column 4 is a.ts 1:6; line 3: column 2 is b.ts 2:1.
            (1, 1, "a.ts:1:1"), (1, 4, "a.ts:1:1"), (1, 5, "a.ts:1:6"), (1, 999, "a.ts:1:6"), (2, 1, nil), (3, 1, nil),
            (3, 2, nil), (3, 3, "b.ts:2:1"), (4, 1, nil), (0, 1, nil), (1, 0, nil), (-1, -1, nil),
        ] as [(Int, Int, String?)])
    func places(_ line: Int, _ column: Int, _ expected: String?) throws {
        let place = try map("AAAA,IAAK;;ECCL").original(line: line, column: column)
        #expect(place.map { "\($0.source):\($0.line):\($0.column)" } == expected)
    }

    @Test("Long numbers, negative ones, and segments without a source")
    func numbers() throws {
        let map = try map("A,gBAAA;A,gBACgB;AADhB")
        #expect(map.original(line: 1, column: 1) == nil)
        #expect(map.original(line: 1, column: 17) == .init(source: "a.ts", line: 1, column: 1))
        #expect(map.original(line: 2, column: 17) == .init(source: "a.ts", line: 2, column: 17))
        #expect(map.original(line: 3, column: 1) == .init(source: "a.ts", line: 1, column: 1))
    }

    @Test(
        "Mappings that are none",
        arguments: ["AAA!", "AA", "AAAAAA", "g", "ggggggggggggg", "D", "AADA", "AAAA,D", "AAAé"])
    func malformed(_ mappings: String) { #expect(throws: BundleError.self) { try map(mappings) } }

    @Test("A source that is not in the list is nobody's")
    func missingSource() throws { #expect(try map("AGAA").original(line: 1, column: 1) == nil) }

    @Test("Bytes that are no map", arguments: ["", "{}", "[]", #"{"version":2,"sources":[],"mappings":""}"#])
    func noMap(_ text: String) { #expect(throws: BundleError.self) { try SourceMap(Data(text.utf8)) } }

    @Test("No bytes trap the reader")
    func hostile() {
        let letters = Array("ABCDghijkl/+;,=0 9".utf8)
        for _ in 0..<3_000 {
            let text = String(
                decoding: (0..<Int.random(in: 0...40)).map { _ in letters[Int.random(in: 0..<letters.count)] },
                as: UTF8.self)
            guard let map = try? map(text) else { continue }
            for line in 0...4 { _ = map.original(line: line, column: Int.random(in: -1...1_000)) }
        }
    }

    @Test("Stack lines are rewritten, and nothing else")
    func stack() throws {
        let json = try JSONSerialization.data(withJSONObject: [
            "version": 3, "sources": ["src/main.ts", "src/lib.ts"], "names": [], "mappings": ";AAAA,IAAK;;ECCL",
        ])
        let mapper = StackMapper(sourceName: "src/main.ts", sourceMap: json)
        #expect(
            mapper.rewrite(
                "Error: x\nf@worker.js:2:5\nrun@skerry:dispatch.js:121:34\ng@src/main.ts:4:3\nasync worker.js:99:1, networker.js:2:5 at 2:5"
            )
                == "Error: x\nf@src/main.ts:1:6\ng@src/lib.ts:2:1\nasync worker.js:99:1, networker.js:2:5 at 2:5")
        #expect(
            mapper.rewrite("worker.js:2: oh, worker.js:x worker.js:") == "src/main.ts:1: oh, worker.js:x worker.js:")
        let single = StackMapper(sourceName: "hello.js", sourceMap: nil)
        #expect(single.rewrite("f@worker.js:3:7\nhello.js:4") == "f@hello.js:3:7\nhello.js:4")
        let column = ModuleScript.firstLineShift + 5
        #expect(
            single.rewrite("f@hello.js:1:\(column)\nhello.js:1\nhello.js:1:2")
                == "f@hello.js:1:5\nhello.js:1\nhello.js:1:1")
    }
}
