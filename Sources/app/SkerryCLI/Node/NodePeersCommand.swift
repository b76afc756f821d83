import ArgumentParser
import Client
import ControlModel
import Foundation

extension NodeCommand {
    struct Peers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a node knows of the others: who is alive, how far away, and what was exchanged.")

        @OptionGroup var node: NodeOption

        func run() async throws {
            let status = try await node.client().status()
            if node.data.json { return try Terminal.printJSON(status.peers) }
            let rows = status.peers.map { peer in
                [
                    String(peer.id.prefix(16)), peer.peer, peer.state,
                    peer.roundTripMilliseconds.map { String(format: "%.1f ms", $0) } ?? "–",
                    Human.bytes(peer.receivedBytes), Human.bytes(peer.sentBytes), "\(peer.badBlocks)",
                ]
            }
            let head = ["NODE", "ADDRESS", "STATE", "ROUND TRIP", "RECEIVED", "SENT", "BAD BLOCKS"]
            for line in Human.table([head] + rows) { Terminal.print(line) }
        }
    }
}
