import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Node

extension NodeCommand {
    struct Leave: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a node leave the network, and get its stake back.",
            discussion: """
                It gets no more work. Let its process run until the values that apps keep on it are handed over, which \
                `skerry node status` shows, and until the committee that it belongs to has handed over, an epoch or \
                two: where its vote is needed nothing is certified without it. The stake is locked for some epochs, in \
                which a fault can still be proved; then `skerry node leave --withdraw` pays it to your account. Ask \
                another node for that: name its URL with --node, unless both are on this machine's network.
                """)

        @Flag(help: "Pay out what is no longer locked.")
        var withdraw = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        private struct Report: Codable {
            var node: String
            var participating: Bool
            var stake: UInt64
            var unstaking: [LedgerNodeInfo.Unstaking]
            var epoch: UInt64
        }

        func run() async throws {
            let id = try await leaver()
            let key = try account.load()
            let client = try ledger(without: id, key)
            guard let record = try await client.node(id) else {
                throw CommandError("The ledger does not know the node \(id); see `skerry network nodes`")
            }
            if withdraw {
                _ = try await client.submit(.withdrawUnstaked(id), key: key)
            } else {
                if record.participating { _ = try await client.submit(.optOut(id), key: key) }
                if record.stake > 0 { _ = try await client.submit(.unstake(id, amount: record.stake), key: key) }
                if !record.participating, record.stake == 0, !node.data.json {
                    Terminal.print("node \(id) had left already")
                }
            }
            try await report(client, id, before: record)
        }

        /// The node that leaves; it is never guessed.
        private func leaver() async throws -> NodeID {
            if let folder = node.data.nodeFolder { return try KeyFile.load(folder.key).publicKey.node }
            guard let name = node.node, !node.isURL else {
                throw ValidationError("Say which node leaves: with --data its folder, or with --node its number")
            }
            let nodes = try node.data.network.nodes
            if let number = Int(name), nodes.indices.contains(number - 1) { return nodes[number - 1].id }
            let matches = nodes.filter { $0.id.description.hasPrefix(name) }
            guard matches.count == 1, let match = matches.first else {
                throw CommandError(
                    matches.isEmpty
                        ? "No node has an id that begins with \"\(name)\"; `skerry status` shows those that there are"
                        : "\"\(name)\" is the beginning of \(matches.count) nodes' ids; write more of it")
            }
            return match.id
        }

        /// The ledger as nodes other than the one that leaves have it.
        private func ledger(without id: NodeID, _ key: SigningKey) throws -> LedgerClient {
            if node.isURL {
                let network = try node.data.nodeFolder?.readGenesis().networkID
                return LedgerClient(try node.client(key: key), network: network)
            }
            guard node.data.nodeFolder == nil else {
                throw ValidationError("Name the control API of another node with --node, such as http://127.0.0.1:4000")
            }
            let network = try node.data.network
            let others = network.nodes.filter { $0.id != id }.compactMap { $0.folder.readRun()?.control }
                .map { NodeClient.ofCommand($0, key: key) }
            guard let first = others.first else {
                throw CommandError("No other node runs in \(network.folder); start the network with `skerry up`")
            }
            return LedgerClient(first, others: Array(others.dropFirst()), network: network.networkID)
        }

        private func report(_ client: LedgerClient, _ id: NodeID, before: LedgerNodeInfo) async throws {
            guard let record = try await client.node(id) else { return }
            let epoch = try await client.epoch()
            if node.data.json {
                return try Terminal.printJSON(
                    Report(
                        node: record.id, participating: record.participating, stake: record.stake,
                        unstaking: record.unstaking, epoch: epoch.number))
            }
            if withdraw {
                let total = { (parts: [LedgerNodeInfo.Unstaking]) in parts.reduce(UInt64(0)) { $0 &+ $1.amount } }
                let paid = total(before.unstaking) &- total(record.unstaking)
                Terminal.print("\(Units.text(paid)) paid out to \(record.operatorAccount)")
            } else if before.participating {
                Terminal.print("node \(record.id) has left")
            }
            for part in record.unstaking {
                Terminal.print("\(Units.text(part.amount)) \(Leave.release(part, epoch))")
            }
        }

        /// When locked units can be had, for people.
        private static func release(_ part: LedgerNodeInfo.Unstaking, _ epoch: EpochInfo) -> String {
            guard part.releaseEpoch > epoch.number else {
                return "can be had now or as soon as a committee has certified it: `skerry node leave --withdraw`"
            }
            let epochs = part.releaseEpoch - epoch.number
            let (millis, overflow) = epochs.multipliedReportingOverflow(by: epoch.lengthMilliseconds)
            let time = overflow ? "" : ", in about \(Human.time(milliseconds: millis))"
            return "can be had from epoch \(part.releaseEpoch) on\(time): `skerry node leave --withdraw`"
        }
    }
}
