import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Node

extension NodeCommand {
    struct Join: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring a node onto a running network.",
            discussion: """
                Registers the node with your account, stakes units for it if the network wants that, lets it take \
                part, and fetches the ledger from the node at the bootstrap URL. That node is not trusted: everything \
                must follow from the genesis whose id you give. What was done already is not repeated, so a join that \
                broke off goes on where it stopped, and a node that left comes back.
                """)

        @OptionGroup var setup: NodeSetup

        @Option(help: ArgumentHelp("The control API of any node of the network.", valueName: "URL"))
        var bootstrap: String

        @Option(
            help: ArgumentHelp(
                "The id of the network's genesis, 64 hexadecimal digits, from somebody whom you trust.",
                valueName: "id"), transform: NetworkID.argument)
        var genesis: NetworkID

        @Option(
            help: ArgumentHelp(
                "Units of your account to put at stake for the node; `skerry node leave` gets them back.",
                valueName: "units"))
        var stake: Units?

        @OptionGroup var addresses: PublicAddresses
        @OptionGroup var account: AccountOption

        @Flag(help: "Print JSON for scripts.")
        var json = false

        private struct Report: Codable {
            var node: String
            var network: String
            var data: String
            var stake: UInt64
            /// The last entry that was fetched and verified.
            var sequence: UInt64
        }

        func validate() throws {
            guard bootstrap.hasPrefix("http://") || bootstrap.hasPrefix("https://") else {
                throw ValidationError("--bootstrap must be a URL such as http://127.0.0.1:4000, not \"\(bootstrap)\"")
            }
        }

        func run() async throws {
            let folder = setup.folder
            if FileManager.default.fileExists(atPath: folder.genesis) {
                let present = try folder.readGenesis().networkID
                guard present == genesis else {
                    throw CommandError("The node in \(folder.path) is on network \(present); choose another folder")
                }
            }
            let control = bootstrap.hasSuffix("/") ? String(bootstrap.dropLast()) : bootstrap
            let client = LedgerClient(.ofCommand(control), network: genesis)
            // Nothing is made or signed before the network is the one that was asked for.
            let network = try await Join.genesis(of: client, at: control)
            let (key, configuration) = try setup.prepare()
            let registration = Registration(
                client: client, network: genesis, account: try account.load(), node: key,
                peer: try Join.known(addresses.peer(of: configuration), configuration.peer, option: "--public-peer"),
                gateway: try Join.known(
                    addresses.gateway(of: configuration), configuration.gateway, option: "--public-gateway"))
            let (record, sequence) = try await registration.run(stake: stake?.count) { say($0) }
            let reached = try await fetch(client, into: folder, node: record.id, sequence: sequence)
            if json {
                return try Terminal.printJSON(
                    Report(
                        node: record.id, network: genesis.description, data: folder.path, stake: record.stake,
                        sequence: reached))
            }
            Terminal.print("node \(record.id) takes part in \(network.networkName), network \(genesis)")
            Terminal.print("Run:   skerry node run --data \(setup.data)")
        }

        /// - Throws: ``ClientError`` `.unreachable` with what a bootstrap URL is, if nobody answers there.
        private static func genesis(of client: LedgerClient, at control: String) async throws -> Genesis {
            do { return try await client.genesis() } catch let error as ClientError where error.code == .unreachable {
                throw ClientError(
                    .unreachable,
                    "No control API answers at \(control). The bootstrap URL is that of a node that runs, on loopback of its "
                        + "machine: reach another machine's with `ssh -N -L 4001:127.0.0.1:4000 <machine>` and "
                        + "http://127.0.0.1:4001")
            }
        }

        private func say(_ line: String) {
            if !json { Terminal.print(line) }
        }

        /// The address that the ledger announces.
        private static func known(
            _ announced: Endpoint?, _ listening: NodeConfiguration.Address, option: String
        ) throws -> Endpoint {
            guard let announced else {
                throw CommandError(
                    "The node listens on all addresses, \(listening); say with \(option) under which one others reach it"
                )
            }
            return announced
        }

        /// Brings the ledger into the folder, up to `sequence` at least.
        ///
        /// - Returns: The last entry.
        private func fetch(
            _ client: LedgerClient, into folder: NodeFolder, node: String, sequence: UInt64
        ) async throws -> UInt64 {
            guard !FileManager.default.fileExists(atPath: folder.genesis) else { return sequence }
            try await Join.wait(client, for: sequence)
            let files = LedgerBootstrap.Files(
                genesis: folder.genesis, snapshot: folder.ledgerBase, log: folder.ledger)
            let result = try await LedgerBootstrap(client: client, network: genesis, report: Join.show)
                .run(into: files) { state in
                    guard let id = NodeID(node), state.isParticipating(id) else {
                        throw CommandError(
                            "The ledger of \(bootstrap) ends at entry \(state.sequence) and does not show the node; repeat "
                                + "the command with another --bootstrap")
                    }
                }
            let snapshot = result.baseSequence > 0 ? "a snapshot of entry \(result.baseSequence) and " : ""
            say("verified \(snapshot)\(result.entries) entries up to \(result.state.sequence)")
            return result.state.sequence
        }

        /// How long the node at the bootstrap URL may take to apply what the ledger accepted.
        private static let applyTimeout = Duration.seconds(30)

        private static func wait(_ client: LedgerClient, for sequence: UInt64) async throws {
            let deadline = ContinuousClock.now + applyTimeout
            while try await client.head().sequence < sequence {
                guard ContinuousClock.now < deadline else {
                    throw CommandError(
                        "The node at the bootstrap URL has not applied entry \(sequence) after \(applyTimeout); repeat the "
                            + "command with another --bootstrap")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }

        @Sendable
        private static func show(_ progress: LedgerBootstrap.Progress) {
            switch progress {
            case .genesis(let name): Terminal.progress("genesis of \(name) is right")
            case .committees(let count): Terminal.progress("\(count) committees follow one another")
            case .snapshot(let bytes, let total):
                Terminal.progress("snapshot, \(Human.bytes(bytes)) of \(Human.bytes(total))")
            case .entries(let sequence, let head): Terminal.progress("entry \(sequence) of \(head)")
            case .file: break
            }
        }
    }
}
