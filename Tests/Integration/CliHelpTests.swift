import Foundation
import Testing

/// What the command line says of itself, and what is written about it.
@Suite("The command line and its documentation")
struct CliHelpTests {
    /// A command as the argument parser describes it.
    private final class Command: Decodable, Sendable {
        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }
            /// How a shell completes it: an object with one key.
            struct Completion: Decodable {
                struct Files: Decodable {}
                var file: Files?
                var directory: Files?
            }
            var abstract: String?
            var completionKind: Completion?
            var kind: String
            var names: [Name]?
            var shouldDisplay: Bool
            var valueName: String?

            var spellings: [String] { (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name } }
        }
        let commandName: String
        let abstract: String?
        let aliases: [String]?
        let arguments: [Argument]?
        let defaultSubcommand: String?
        private let subcommands: [Command]?

        var children: [Command] { (subcommands ?? []).filter { $0.commandName != "help" } }
        /// Those of the command that is meant when none is named, too.
        var options: Set<String> {
            let own = Set((arguments ?? []).flatMap(\.spellings))
            return defaultSubcommand.flatMap { child($0[...]) }.map { own.union($0.options) } ?? own
        }

        func child(_ word: Substring) -> Command? {
            children.first { $0.commandName == word || $0.aliases?.contains(String(word)) == true }
        }
    }

    private struct Help: Decodable { var command: Command }

    /// Asked for once for all tests: in a debug build it takes seconds.
    private static let dump = Task {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        return try await network.run(["--experimental-dump-help"]).json(Help.self).command
    }

    private static func root() async throws -> Command { try await dump.value }

    /// All commands that do something, with their full names.
    private static func leaves(_ command: Command, _ path: [String] = []) -> [(name: String, command: Command)] {
        if command.children.isEmpty { return [(path.joined(separator: " "), command)] }
        return command.children.flatMap { leaves($0, path + [$0.commandName]) }
    }

    /// What these print is not theirs: an app's bytes, or a program's log.
    private static let withoutJSON: Set = ["functions invoke", "node run"]

    @Test("Every command has a help, says what its arguments are, and takes --json")
    func everyCommand() async throws {
        let leaves = Self.leaves(try await Self.root())
        #expect(leaves.count > 90)
        for (name, command) in leaves {
            #expect(command.abstract?.isEmpty == false, "\(name)")
            for argument in command.arguments ?? [] where argument.shouldDisplay {
                let what = argument.spellings.first ?? argument.valueName ?? ""
                #expect(argument.abstract?.isEmpty == false, "\(name): \(what) has no help")
                if argument.kind != "flag", ["file", "folder"].contains(argument.valueName) {
                    let completion = argument.completionKind
                    #expect(completion?.file != nil || completion?.directory != nil, "\(name): \(what)")
                }
            }
            #expect(command.options.contains("--json") != Self.withoutJSON.contains(name), "\(name)")
        }
    }

    @Test(
        "What takes an app or its data away asks first, or is told --yes",
        arguments: [
            ["functions", "delete"], ["machines", "destroy"], ["volumes", "delete"], ["volumes", "restore"],
            ["names", "transfer"],
        ])
    func destructive(_ words: [String]) async throws {
        var command = try await Self.root()
        for word in words { command = try #require(command.child(Substring(word))) }
        #expect(command.options.contains("--yes"))
    }

    @Test("A word that cannot be a name is refused with the reason, and one that nobody has with what to do")
    func names() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try await network.expectFailure("promote", "My_App", "abcdefghij", saying: "only the letters a to z")
            let unknown: [[String]] = [
                ["releases", "list", "nobodys"], ["logs", "nobodys"], ["domains", "list", "nobodys"],
                ["machines", "status", "nobodys"], ["functions", "logs", "nobodys"],
                ["functions", "delete", "nobodys"],
                ["rollback", "nobodys"], ["kv", "list", "nobodys", "n"], ["cache", "stats", "nobodys"],
                ["secrets", "list", "nobodys"], ["promote", "nobodys", "0123456789"],
            ]
            for words in unknown {
                let result = try await network.run(words)
                #expect(result.status == 1, "\(words): \(result.output)\(result.errors)")
                #expect(
                    result.errors.hasPrefix("error: ") && result.errors.contains("nobodys"),
                    "\(words): \(result.errors)")
            }
            for node in ["9", "zz"] {
                let result = try await network.run(["node", "status", "--node", node])
                #expect(result.status == 1 && result.errors.contains(node), "\(result.errors)")
            }
        }
    }

    @Test("A word that is no command is refused with the command that was meant")
    func misspelt() async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        for (words, text) in [
            (["deplyo", "."], "There is no command \"skerry deplyo\"; did you mean \"deploy\"?"),
            (["machines", "lsit"], "There is no command \"skerry machines lsit\"; did you mean \"list\"?"),
            (["qqqqqqqq"], "`skerry --help` lists those that there are"),
        ] {
            let result = try await network.run(words)
            #expect(
                result.status == 64 && result.errors.hasPrefix("error: ") && result.errors.contains(text),
                "\(result.errors)")
        }
        #expect(try await network.run(["help", "machines"]).status == 0)
        #expect(try await network.run(["network", "params", "--help"]).status == 0)
    }

    @Test("A completion script comes for each shell")
    func completions() async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        // All at once: in a debug build each takes seconds.
        async let bash = network.run(["--generate-completion-script", "bash"])
        async let zsh = network.run(["--generate-completion-script", "zsh"])
        async let fish = network.run(["--generate-completion-script", "fish"])
        for result in try await [bash, zsh, fish] {
            #expect(result.status == 0 && result.output.contains("machines"), "\(result.errors)")
        }
    }

    /// Files with commands in them: notes, guides, what examples say of themselves.
    private static func documents() throws -> [URL] {
        let root = URL(fileURLWithPath: TestNetwork.package)
        var found: [URL] = []
        for folder in [
            "", "docs", "docs/design", "deploy/etcd", "Benchmarks", "examples/composite", "examples/hybrid",
        ] {
            let url = root.appendingPathComponent(folder)
            found += try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "md" }
        }
        return found
    }

    @Test("The documentation names commands and options that there are")
    func documentation() async throws {
        let root = try await Self.root()
        let documents = try Self.documents()
        #expect(documents.count > 40)
        var count = 0
        for document in documents {
            let text = try String(contentsOf: document, encoding: .utf8)
            for words in Self.commands(in: text) {
                count += 1
                if let problem = Self.problem(words, root) {
                    Issue.record("\(document.lastPathComponent): skerry \(words.joined(separator: " ")): \(problem)")
                }
            }
        }
        #expect(count > 200)
    }

    /// The words behind each `skerry` in code of a Markdown text, as far as they are one command's.
    private static func commands(in text: String) -> [[Substring]] {
        var commands: [[Substring]] = []
        var isFenced = false
        for line in text.split(separator: "\n") {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isFenced.toggle()
                continue
            }
            let pieces = line.split(separator: "`", omittingEmptySubsequences: false)
            let codes = isFenced ? [line] : pieces.indices.filter { !$0.isMultiple(of: 2) }.map { pieces[$0] }
            for code in codes {
                for match in code.matches(of: /(?:^|[ $(])skerry ([a-z][^`]*)/) {
                    let end = match.1.firstMatch(of: /[#|;)]|&&/)?.range.lowerBound ?? match.1.endIndex
                    commands.append(
                        match.1[..<end].split { " ,\"'".contains($0) }.filter { !$0.isEmpty })
                }
            }
        }
        return commands
    }

    private static func problem(_ words: [Substring], _ root: Command) -> String? {
        if words.first == "help" { return words.count == 1 ? nil : problem(Array(words.dropFirst()), root) }
        var command = root
        var rest = words[...]
        while let word = rest.first, let next = command.child(word) {
            command = next
            rest = rest.dropFirst()
        }
        if rest.count == words.count { return "there is no such command" }
        guard command.children.isEmpty || command.defaultSubcommand != nil else {
            // `skerry machines …`, or all verbs of a noun behind each other.
            guard let word = rest.first, word.wholeMatch(of: /[a-z][a-z-]*/) != nil else { return nil }
            return "there is no \(word)"
        }
        for word in rest {
            if word == "--" { return nil }
            guard let match = word.wholeMatch(of: /(--?[a-zA-Z][a-z-]*)(=.*)?/) else { continue }
            let option = String(match.1)
            guard option != "--help", !command.options.contains(option) else { continue }
            return "there is no \(option)"
        }
        return nil
    }
}
