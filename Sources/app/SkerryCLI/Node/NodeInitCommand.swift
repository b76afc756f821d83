import ArgumentParser
import Identity
import Ledger
import Node

extension NodeCommand {
    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a node's folder: its key and its configuration.",
            discussion: """
                The node is on no network yet. `skerry node join` brings it onto one that runs, and makes the folder \
                too if there is none. For a new network, hand what this prints with --json to whoever makes the \
                genesis with `skerry network genesis`, and repeat the command with --genesis-file when you have got \
                that.

                The key is the node: keep the folder, and let nobody copy it.
                """)

        @OptionGroup var setup: NodeSetup
        @OptionGroup var addresses: PublicAddresses

        @Option(
            help: ArgumentHelp(
                "The account that operates the node. Default: whoever makes the genesis decides.", valueName: "account")
        )
        var `operator`: AccountID?

        @Option(
            help: ArgumentHelp(
                "The genesis of a new network that lists this node; it is put into the folder.", valueName: "file"),
            completion: .file())
        var genesisFile: String?

        @Option(
            help: ArgumentHelp(
                "The id that the genesis must have, 64 hexadecimal digits, from somebody whom you trust.",
                valueName: "id"), transform: NetworkID.argument)
        var genesis: NetworkID?

        @Flag(help: "Print JSON for scripts.")
        var json = false

        func validate() throws {
            guard genesis == nil || genesisFile != nil else {
                throw ValidationError("--genesis goes with --genesis-file")
            }
        }

        func run() async throws {
            let (key, configuration) = try setup.prepare()
            let id = key.publicKey.node
            let network = try genesisFile.map {
                try GenesisInstallation(file: $0, expected: genesis).run(into: setup.folder, of: id)
            }
            let card = NodeCard(
                node: id.description, publicKey: key.publicKey.description,
                operatorAccount: self.operator?.description, data: setup.folder.path,
                gateway: configuration.gateway.description, peer: configuration.peer.description,
                control: configuration.control.description,
                publicGateway: try addresses.gateway(of: configuration)?.description,
                publicPeer: try addresses.peer(of: configuration)?.description, network: network?.networkID.description)
            if json { return try Terminal.printJSON(card) }
            Terminal.print("node        \(card.node)")
            Terminal.print("public key  \(card.publicKey)")
            Terminal.print("gateway     \(card.gateway)")
            Terminal.print("peer        \(card.peer)")
            Terminal.print("control     \(card.control)")
            guard let network else {
                return Terminal.print(
                    "Join:       skerry node join --data \(setup.data) --bootstrap <URL> --genesis <id>")
            }
            Terminal.print("network     \(network.networkID) (\(network.networkName))")
            if network.sequencers.count > 1, network.sequencers.contains(id), configuration.ledger?.engine != .etcd {
                Terminal.print(
                    "Before:     name the log that the \(network.sequencers.count) sequencers share in "
                        + "\(setup.folder.configuration): deploy/etcd")
            }
            Terminal.print("Run:        skerry node run --data \(setup.data)")
        }
    }
}
