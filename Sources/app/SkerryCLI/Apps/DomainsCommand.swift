import ArgumentParser
import Client
import ControlModel
import Identity
import Ledger

struct DomainsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domains", abstract: "Domains that apps answer to, beside their names.",
        discussion: """
            A domain is bound to an app on the ledger after its DNS has shown that it is yours: by a TXT record that \
            `skerry domains add` prints, or by making it an alias of the app's name at the network. Each node looks at \
            the DNS for itself before it serves the domain, so leave the record where it is.
            """,
        subcommands: [Add.self, List.self, DomainsVerifyCommand.self, Remove.self], aliases: ["domain"])

    struct Report: Codable {
        var domain: String
        var name: String?
        var sequence: UInt64
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an app of yours answer to a domain.",
            discussion: """
                Looks at the DNS first. If the proof is not there yet, this prints what to set and fails; with --wait \
                it looks again until it is there.
                """, aliases: ["bind"])

        @Argument(help: "The domain, such as shop.example.org, in lower case.")
        var domain: DomainName

        @Argument(help: "The app's name.", transform: AppName.argument)
        var name: AppName

        @Option(
            help: ArgumentHelp(
                "How long to wait for the proof, such as 90s, 10m or 1h. Default: not at all.", valueName: "time"),
            transform: SimulationNumber.seconds)
        var wait: Double?

        @OptionGroup var dns: ResolverOption
        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let key = try account.load()
            let ledger = try node.ledger(key: key)
            let client = try node.client()
            // Before anybody sets a record for nothing.
            let owner = try await node.info(of: name).owner
            guard owner == key.publicKey.account.description else {
                throw CommandError("The app \(name) is account \(owner)'s; only its owner may bind domains to it")
            }
            let zone = try await client.domain(domain).zone
            let proof = try await dns.proof(domain, name, owner: key.publicKey.account, zone: zone, ledger)
            try await dns.awaitProof(proof, seconds: wait ?? 0, isQuiet: node.data.json)
            let sequence = try await ledger.submit(.bindDomain(domain, to: name), key: key).sequence
            if node.data.json {
                return try Terminal.printJSON(
                    Report(domain: domain.description, name: name.description, sequence: sequence))
            }
            Terminal.print("\(domain) is \(name) from entry \(sequence) on")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a domain away from the app that has it.", aliases: ["unbind"])

        @Argument(help: "The domain.")
        var domain: DomainName

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let key = try account.load()
            let sequence = try await node.ledger(key: key).submit(.bindDomain(domain, to: nil), key: key).sequence
            if node.data.json {
                return try Terminal.printJSON(Report(domain: domain.description, name: nil, sequence: sequence))
            }
            Terminal.print("\(domain) is nobody's from entry \(sequence) on")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List domains with the apps that have them.", aliases: ["ls"])

        @Argument(help: "Only this app's domains.", transform: AppName.argument)
        var name: AppName?

        @OptionGroup var node: NodeOption

        private struct Row: Codable {
            var domain: String
            var name: String
            var owner: String
        }

        func run() async throws {
            let names: [NameInfo] =
                if let name { try await [node.info(of: name)] } else { try await node.client().names().names }
            let rows = names.flatMap { info in
                info.domains.map { Row(domain: $0, name: info.name, owner: info.owner) }
            }.sorted { $0.domain < $1.domain }
            if node.data.json { return try Terminal.printJSON(rows) }
            let table = rows.map { [$0.domain, $0.name, String($0.owner.prefix(16))] }
            for line in Human.table([["DOMAIN", "NAME", "OWNER"]] + table) { Terminal.print(line) }
        }
    }
}
