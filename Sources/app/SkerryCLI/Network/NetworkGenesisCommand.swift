import ArgumentParser
import Foundation
import Identity
import Ledger

#if canImport(Glibc)
    import Glibc
#endif

extension NetworkCommand {
    struct GenesisCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "genesis", abstract: "Make what a network on several machines begins with, or look at it.",
            discussion: """
                On each machine `skerry node init --json` makes a node and prints its card. From all cards one person \
                makes the genesis; its id is the network's. Each node gets it with `skerry node init --genesis-file`, \
                and runs.
                """,
            subcommands: [Make.self, Show.self], defaultSubcommand: Make.self)
    }
}

extension NetworkCommand.GenesisCommand {
    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a genesis from the cards of its nodes.",
            discussion: """
                Unless you say otherwise, your account is the founder: it governs the network, operates the nodes \
                whose cards name no operator, and has \(NewNetwork.founderBalance) units. Governors, sequencers and \
                the first units stay as the genesis has them; parameters can be changed later.
                """)

        @Argument(
            help: ArgumentHelp("What `skerry node init --json` printed, a file a node.", valueName: "card"),
            completion: .file())
        var cards: [String]

        @Option(help: "What people call the network.")
        var name: String

        @Option(
            name: .output, help: ArgumentHelp("Where the genesis goes; a new file.", valueName: "file"),
            completion: .file())
        var out = "genesis"

        @Option(
            help: """
                Where the ledger's log is: sqlite, on the one node that orders transactions, or etcd, which several share. \
                Default: sqlite.
                """)
        var ledger = LocalNetwork.LedgerEngine.sqlite

        @Option(
            help: ArgumentHelp(
                "A node that may order transactions: the beginning of its id; may be repeated. Default: the first card's, "
                    + "or all with etcd.", valueName: "node"))
        var sequencer: [String] = []

        @Option(
            help: ArgumentHelp(
                "An account that may change parameters; may be repeated. Default: your own.", valueName: "account"))
        var governor: [AccountID] = []

        @Option(
            help: ArgumentHelp(
                "Units that an account begins with; may be repeated. Default: \(NewNetwork.founderBalance) for your own.",
                valueName: "account=units"))
        var balance: [GenesisBalance] = []

        @Option(
            help: ArgumentHelp(
                "Units that each node has at stake, and that nodes need later. Default: \(NewNetwork.usualStake).",
                valueName: "units"))
        var stake = NewNetwork.usualStake

        @Option(help: "Which nodes may register later: open, allowlist or attested.")
        var door = AdmissionDoor.open

        @Option(
            name: .customLong("set"),
            help: ArgumentHelp(
                "Another value of a parameter; may be repeated. `skerry network params` lists them.",
                valueName: "name=value"))
        var settings: [ParameterSetting] = []

        @Flag(help: "A development network: governors can make units out of nothing.")
        var development = false

        @OptionGroup var account: AccountOption

        @Flag(help: "Print JSON for scripts.")
        var json = false

        func run() async throws {
            let founder = try account.load().publicKey.account
            var network = NewNetwork(
                name: name, founder: founder, nodes: try cards.map { try NodeCard.read($0).listing($0) }, stake: stake)
            network.engine = ledger
            network.balances = balance.map { GenesisAccount($0.account, balance: $0.units) }
            network.governors = governor
            network.sequencers = try sequencer.map { try Make.node($0, of: network.nodes.map(\.publicKey.node)) }
            network.isDevelopment = development
            network.parameters.door = door
            for setting in settings { try network.parameters.set(setting.name, to: setting.value) }
            let genesis = try network.genesis()
            try write(genesis.bytes)
            if json { return try Terminal.printJSON(GenesisReport(genesis)) }
            GenesisReport(genesis).print()
            Terminal.print("")
            Terminal.print(
                "Each node:  skerry node init --data <folder> --genesis-file \(out) --genesis \(genesis.networkID)")
            Terminal.print("            skerry node run --data <folder>")
        }

        private static func node(_ text: String, of nodes: [NodeID]) throws -> NodeID {
            let matches = nodes.filter { $0.description.hasPrefix(text) }
            guard matches.count == 1, let match = matches.first else {
                throw ValidationError("\"\(text)\" is the beginning of \(matches.count) of the cards' nodes")
            }
            return match
        }

        /// A genesis that nodes may run on already is not replaced.
        private func write(_ bytes: Data) throws {
            guard !FileManager.default.fileExists(atPath: out) else {
                throw CommandError("\(out) exists already; choose another file with --out, or move it away")
            }
            try bytes.write(to: URL(fileURLWithPath: out), options: .atomic)
            sync()
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a genesis says, and the id of its network.")

        @Argument(help: "The genesis.", completion: .file())
        var file: String

        @Flag(help: "Print JSON for scripts.")
        var json = false

        func run() throws {
            let report = GenesisReport(try GenesisInstallation.read(file))
            if json { return try Terminal.printJSON(report) }
            report.print()
        }
    }
}

/// `<account>=<units>`.
struct GenesisBalance: ExpressibleByArgument {
    let account: AccountID
    let units: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let account = AccountID(String(parts[0])), let units = Units(argument: String(parts[1]))
        else { return nil }
        self.account = account
        self.units = units.count
    }
}

/// `<parameter>=<number>`.
struct ParameterSetting: ExpressibleByArgument {
    let name: String
    let value: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let value = UInt64(parts[1]) else { return nil }
        name = String(parts[0])
        self.value = value
    }
}
