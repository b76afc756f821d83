import Foundation
import FoundationXML
import Testing

@Suite("Simulations on the command line")
struct CliSimulateTests {
    /// What every report has.
    private struct Report: Decodable {
        struct Options: Decodable {
            struct Network: Decodable {
                var seed: UInt64
                var nodes: Int
            }
            var network: Network
        }
        var options: Options
    }

    private struct Comparison: Decodable {
        struct Growth: Decodable {
            var name: String
            var base: Double
            var value: Double
            var ratio: Double
        }
        var base: Report
        var report: Report
        var growth: [Growth]
    }

    /// Small networks, that debug builds simulate in a second or two.
    private static let commands = [
        ["simulate", "membership", "--nodes", "20", "--duration", "120s", "--crashes", "1"],
        ["simulate", "discovery", "--nodes", "60", "--duration", "25m", "--lookups", "60"],
        ["simulate", "exchange", "--nodes", "4", "--size", "2MiB", "--rounds", "2"],
    ]

    private func withFolder(_ body: (TestNetwork) async throws -> Void) async throws {
        let folder = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: folder.folder) }
        try await body(folder)
    }

    private func isDrawing(_ path: String) throws -> Bool {
        final class Names: NSObject, XMLParserDelegate {
            var names: Set<String> = []
            func parser(
                _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
                attributes: [String: String]
            ) { names.insert(name) }
        }
        let names = Names()
        let parser = XMLParser(data: try Data(contentsOf: URL(fileURLWithPath: path)))
        parser.delegate = names
        return parser.parse() && names.names.contains("svg")
            && !names.names.isDisjoint(with: ["polyline", "rect"])
    }

    @Test("The same seed gives the same table, JSON with that seed, and a drawing", arguments: commands)
    func reports(command: [String]) async throws {
        try await withFolder { folder in
            let seeded = command + ["--seed", "77"]
            let table = try await folder.run(seeded)
            #expect(table.status == 0, "\(table.errors)")
            #expect(table.output.split(separator: "\n").count > 5)
            #expect(table.errors.contains("seed 77, "))

            let svg = folder.folder + "/plot.svg"
            let again = try await folder.run(seeded + ["--svg", svg])
            #expect(again.output == table.output && again.status == 0)
            #expect(try isDrawing(svg))

            let json = try await folder.run(seeded + ["--json"])
            let report: Report = try json.json()
            #expect(report.options.network.seed == 77)
            #expect(report.options.network.nodes == Int(command[3]))
            #expect(try await folder.run(seeded + ["--json"]).output == json.output)
        }
    }

    @Test("A seed that nobody chose is said, and replays the run")
    func drawnSeed() async throws {
        try await withFolder { folder in
            let first: CommandResult = try await folder.run(Self.commands[1])
            let words = try #require(first.errors.split(separator: "\n").last { $0.hasPrefix("seed ") })
                .split(whereSeparator: { $0 == " " || $0 == "," })
            let seed = try #require(UInt64(words[1]))
            #expect(try await folder.run(Self.commands[1] + ["--seed", "\(seed)"]).output == first.output)
        }
    }

    @Test("Figures of a node against a smaller network, as table, JSON and drawing")
    func comparison() async throws {
        try await withFolder { folder in
            let svg = folder.folder + "/plot.svg"
            let command = Self.commands[1] + ["--seed", "5", "--compare", "30", "--svg", svg]
            let table = try await folder.expectSuccess(
                "simulate", "discovery", "--nodes", "60", "--duration", "25m", "--lookups", "60", "--seed", "5",
                "--compare", "30", "--svg", svg
            ).output
            let lines = table.split(separator: "\n").map(String.init)
            #expect(lines.contains { $0.contains("30 nodes") && $0.contains("60 nodes") && $0.contains("ratio") })
            #expect(lines.contains { $0.hasPrefix("records a node holds, median") })
            #expect(lines.contains { $0.hasPrefix("traffic, B/s") })
            #expect(try isDrawing(svg))

            let comparison: Comparison = try await folder.run(command + ["--json"]).json()
            #expect(comparison.base.options.network.nodes == 30 && comparison.report.options.network.nodes == 60)
            #expect(comparison.base.options.network.seed == 5 && comparison.report.options.network.seed == 5)
            #expect(comparison.growth.count == 4)
            for figure in comparison.growth { #expect(abs(figure.ratio - figure.value / figure.base) < 1e-9) }

            try await folder.expectFailure(
                "simulate", "discovery", "--compare", "1", saying: "--compare is 1; choose 2")
            try await folder.expectFailure(
                "simulate", "discovery", "--compare", "\(Int.max)", saying: "--compare is")
            try await folder.expectFailure(
                "simulate", "discovery", "--lookups", "\(Int.max)", "--compare", "30", saying: "--lookups is")
        }
    }

    @Test("A broken promise ends with status 1 and the command that replays it, whatever is printed")
    func brokenPromise() async throws {
        try await withFolder { folder in
            let command = ["simulate", "discovery", "--nodes", "20", "--duration", "60s", "--lookups", "20"]
            let lost = command + ["--loss", "100%"]
            let result = try await folder.run(lost + ["--seed", "3"])
            #expect(result.status == 1)
            #expect(result.output.contains("found a live provider"))
            #expect(result.errors.contains("The run broke a promise: 0.00 % of lookups found a live provider"))
            let replay = "skerry " + (lost + ["--seed", "3"]).joined(separator: " ")
            #expect(result.errors.contains("Replay it with: \(replay)\n"), "\(result.errors)")

            let json = try await folder.run(lost + ["--seed", "3", "--json"])
            let report: Report = try json.json()
            #expect(json.status == 1 && report.options.network.seed == 3)

            // Where no seed was given the command names the drawn one.
            let drawn = try await folder.run(lost)
            #expect(drawn.status == 1)
            let words = drawn.errors.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: " ")
            #expect(words.suffix(2).first == "--seed")
            let seed = try #require(words.last.flatMap { UInt64($0) })
            let again = try await folder.run(lost + ["--seed", "\(seed)"])
            #expect(again.status == 1 && again.output == drawn.output)
        }
    }

    @Test(
        "A cut that cannot be read is refused with what is wrong",
        arguments: [
            ("30%", "is not share@from-until"), ("30%@2m", "is not share@from-until"),
            ("30%@1m-2m-3m", "is not share@from-until"), ("30%@1m@2m-3m", "is not share@from-until"),
            ("", "is not share@from-until"), ("30%@2m-2m", "ends before it begins"),
            ("30%@5m-2m", "ends before it begins"), ("x@1m-2m", "is not a share"), ("101%@1m-2m", "is not a share"),
            ("@1m-2m", "is not a share"), ("nan@1m-2m", "is not a share"), ("30%@1q-2m", "is not a time"),
            ("30%@-", "is not a time"), ("30%@1m-99999h", "is out of range"),
        ])
    func partitions(text: String, complaint: String) async throws {
        try await withFolder { folder in
            for command in Self.commands[..<2] {
                let result = try await folder.run(command + ["--partition", text])
                #expect(result.status == 64, "\(result.errors)")
                #expect(result.errors.contains(complaint), "\(result.errors)")
                #expect(result.output.isEmpty)
            }
        }
    }

    @Test("A cut is simulated, at the ends of what is allowed as well")
    func cut() async throws {
        try await withFolder { folder in
            let command = ["simulate", "membership", "--nodes", "10", "--duration", "60s", "--crashes", "0"]
            for text in ["30%@10s-20s", "0@0s-1s", "100%@0-240h"] {
                let result = try await folder.run(command + ["--seed", "2", "--partition", text])
                #expect(result.status == 0, "\(text): \(result.errors)")
            }
        }
    }

    @Test("Options out of range, and a drawing that has no folder, are refused before anything is simulated")
    func refusals() async throws {
        try await withFolder { folder in
            try await folder.expectFailure("simulate", "membership", "--nodes", "3001", saying: "choose 2 to 3000")
            try await folder.expectFailure("simulate", "discovery", "--nodes", "1", saying: "--nodes is 1; choose 2")
            try await folder.expectFailure("simulate", "exchange", "--nodes", "2", saying: "--nodes is 2; choose 3")
            try await folder.expectFailure("simulate", "exchange", "--size", "1TiB", saying: "--size")
            try await folder.expectFailure("simulate", "discovery", "--seed", "-1", saying: "--seed")
            for command in Self.commands {
                let result = try await folder.run(command + ["--svg", folder.folder + "/none/plot.svg"])
                #expect(result.status == 64 && result.output.isEmpty)
                #expect(result.errors.contains("is not a folder that can be written to"), "\(result.errors)")
            }
        }
    }
}
