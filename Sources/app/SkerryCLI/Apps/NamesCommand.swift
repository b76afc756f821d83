import ArgumentParser
import Client
import ControlModel
import Identity
import Ledger

struct NamesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "names", abstract: "Names of apps: whose they are, and giving one away.",
        discussion:
            "`skerry deploy` claims a name that nobody has; what a name leads to shows in `skerry releases list`.",
        subcommands: [List.self, Claim.self, Transfer.self], aliases: ["name"])

    struct Report: Codable {
        var name: String
        var owner: String
        var sequence: UInt64
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all names with their owners and live releases.", aliases: ["ls"])

        @Flag(help: "Only those that this account owns.")
        var mine = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            try await NamesCommand.show(owner: mine ? account.load().publicKey.account.description : nil, node)
        }
    }

    struct Claim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a name that nobody has, before there is anything to deploy.",
            discussion: "It costs what the network's parameter name_fee says, and is yours until you transfer it.")

        @Argument(help: "The name.", transform: AppName.argument)
        var name: AppName

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let key = try account.load()
            let receipt = try await node.ledger(key: key).submit(.claimName(name), key: key)
            if node.data.json {
                return try Terminal.printJSON(
                    Report(
                        name: name.description, owner: key.publicKey.account.description, sequence: receipt.sequence))
            }
            Terminal.print("\(name) is yours from entry \(receipt.sequence) on")
        }
    }

    struct Transfer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a name of yours to another account; only that account can give it back.",
            discussion: """
                Releases, domains and whatever visitors get go with the name. What nodes keep for you does not: \
                values, logs and secrets stay the old owner's, so the new one sets its secrets and then restarts or \
                deploys. A domain that a TXT record proves needs the new owner's record; `skerry domains verify` \
                prints it. Orders to go back that were signed with a promotion are void.
                """)

        @Argument(help: "The name.", transform: AppName.argument)
        var name: AppName

        @Argument(help: "The account that gets it: 64 hexadecimal digits.")
        var to: AccountID

        @OptionGroup var question: ConfirmOption
        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let key = try account.load()
            guard to != key.publicKey.account else {
                throw CommandError("The account \(to) is your own; name the one that gets \(name)")
            }
            try question.confirm(
                "This would give \(name) with its releases and domains to \(to), and only that account could give it back."
            )
            let receipt = try await node.ledger(key: key).submit(.transferName(name, to: to), key: key)
            if node.data.json {
                return try Terminal.printJSON(
                    Report(name: name.description, owner: to.description, sequence: receipt.sequence))
            }
            Terminal.print("\(name) belongs to \(to) from entry \(receipt.sequence) on")
        }
    }

    /// Prints names with their owners.
    ///
    /// - Parameter owner: Only this account's; nil for everybody's.
    static func show(owner: String? = nil, _ node: NodeOption) async throws {
        var list = try await node.client().names()
        if let owner { list.names = list.names.filter { $0.owner == owner } }
        if node.data.json { return try Terminal.printJSON(list) }
        var rows = [["NAME", "LIVE", "RELEASES", "OWNER"]]
        for name in list.names {
            rows.append([name.name, name.live ?? "–", "\(name.releases.count)", String(name.owner.prefix(16))])
        }
        for line in Human.table(rows) { Terminal.print(line) }
    }
}
