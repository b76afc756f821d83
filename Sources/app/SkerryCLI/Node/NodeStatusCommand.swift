import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Node

extension NodeCommand {
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one node: where it listens, how far its ledger is, and what the network knows of it.")

        @OptionGroup var node: NodeOption

        private struct Report: Codable {
            var status: NodeStatus
            /// Nil if the ledger does not know the node.
            var ledger: LedgerNodeInfo?
            var head: LedgerHeadInfo
        }

        func run() async throws {
            let status = try await node.client().status()
            // Of this node's own ledger, not of another's that answers faster.
            let client = LedgerClient(try node.client())
            var report = Report(status: status, ledger: nil, head: try await client.head())
            if let id = NodeID(status.id) { report.ledger = try await client.node(id) }
            if node.data.json { return try Terminal.printJSON(report) }
            let head = report.head
            Terminal.print("node        \(status.id)")
            Terminal.print("state       \(status.ready ? "ready" : status.detail), pid \(status.pid)")
            for warning in status.warnings ?? [] { Terminal.print("warning     \(warning)") }
            Terminal.print("network     \(status.network)")
            Terminal.print("gateway     \(status.gateway)")
            Terminal.print("peer        \(status.peer)")
            Terminal.print("control     \(status.control)")
            Terminal.print("data        \(status.data)")
            Terminal.print(
                "ledger      entry \(head.sequence), epoch \(head.epoch), on \(status.ledger.engine)"
                    + (status.ledger.sequencer ? ", orders transactions" : ""))
            Terminal.print("certified   \(head.certified?.summary ?? "nothing yet")")
            if let failure = head.failure { Terminal.print("halted      \(failure)") }
            if let record = report.ledger {
                Terminal.print("takes part  \(record.participation)\(record.inCommittee ? ", in the committee" : "")")
                Terminal.print("stake       \(Units.text(record.stake))")
                for part in record.unstaking {
                    Terminal.print("unstaking   \(Units.text(part.amount)), free from epoch \(part.releaseEpoch) on")
                }
                Terminal.print("reputation  \(String(format: "%.2f", record.reputation))")
                Terminal.print("operator    \(record.operatorAccount)")
            }
            Terminal.print("peers       \(status.peers.filter(\.connected).count) of \(status.peers.count) connected")
            Terminal.print("blobs       \(status.blobCount), \(Human.bytes(status.blobBytes))")
            if let apps = status.appsToHandOver, apps > 0 {
                Terminal.print("hands over  values of \(apps) app\(apps == 1 ? "" : "s"), while it runs")
            }
            if let earnings = status.earnings { EarningsReport.print(earnings) }
            if let spending = status.spending { EarningsReport.print(spending) }
        }
    }
}
