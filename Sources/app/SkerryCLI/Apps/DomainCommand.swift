import ArgumentParser
import Client
import ControlModel
import Ledger

struct DomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain", abstract: "Domains that apps answer to, beside their names.",
        discussion: """
            The ledger keeps which app has a domain; the domain's DNS must lead visitors to a gateway. Who binds a domain
            first has it: nothing checks yet that it is theirs.
            """,
        subcommands: [Bind.self, Unbind.self, List.self])

    private struct Report: Codable {
        var domain: String
        var name: String?
        var sequence: UInt64
    }

    struct Bind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let an app of yours answer to a domain.")

        @Argument(help: "The domain, such as shop.example.org, in lower case.")
        var domain: DomainName

        @Argument(help: "The app's name.")
        var name: AppName

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let sequence = try await DomainCommand.submit(domain, name, node, account)
            if node.data.json {
                return try Terminal.printJSON(
                    Report(domain: domain.description, name: name.description, sequence: sequence))
            }
            Terminal.print("\(domain) is \(name) from entry \(sequence) on")
        }
    }

    struct Unbind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a domain away from the app that has it.")

        @Argument(help: "The domain.")
        var domain: DomainName

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let sequence = try await DomainCommand.submit(domain, nil, node, account)
            if node.data.json {
                return try Terminal.printJSON(Report(domain: domain.description, name: nil, sequence: sequence))
            }
            Terminal.print("\(domain) is nobody's from entry \(sequence) on")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List domains with the apps that have them.")

        @Argument(help: "Only this app's domains.")
        var name: AppName?

        @OptionGroup var node: NodeOption

        private struct Row: Codable {
            var domain: String
            var name: String
            var owner: String
        }

        func run() async throws {
            let client = try node.client()
            var names = try await client.names().names
            if let name { names = names.filter { $0.name == name.description } }
            let rows = names.flatMap { info in
                info.domains.map { Row(domain: $0, name: info.name, owner: info.owner) }
            }.sorted { $0.domain < $1.domain }
            if node.data.json { return try Terminal.printJSON(rows) }
            let table = rows.map { [$0.domain, $0.name, String($0.owner.prefix(16))] }
            for line in Human.table([["DOMAIN", "NAME", "OWNER"]] + table) { Terminal.print(line) }
        }
    }

    private static func submit(
        _ domain: DomainName, _ name: AppName?, _ node: NodeOption, _ account: AccountOption
    ) async throws -> UInt64 {
        let key = try account.load()
        return try await node.ledger(key: key).submit(.bindDomain(domain, to: name), key: key).sequence
    }
}
