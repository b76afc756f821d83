import Identity
import Peering
import SwiftProtobuf
import Wire

/// A port of a node that leads to machines, as the node announced it.
struct MachineGate: Hashable, Sendable {
    /// Gates of one node in its announcement at most; a longer one is refused.
    static let maxCount = 1_024

    let app: String
    /// The name of the machines' port.
    let port: String
    /// The node's port; nil if it opened none.
    let number: Int?
    /// Why it is another one than was asked for, or none; for people.
    let reason: String

    init(app: String, port: String, number: Int?, reason: String = "") {
        self.app = app
        self.port = port
        self.number = number
        self.reason = reason
    }

    /// Reads what `node` sent.
    ///
    /// - Throws: `PeerError` with `protocolViolation`.
    init(_ message: PeerPBMachineGate, from node: NodeID) throws {
        guard
            [message.app, message.port, message.reason].allSatisfy({ $0.utf8.count <= MachineReport.maxTextBytes }),
            message.number <= 65_535
        else { throw PeerError(.protocolViolation, "Node \(node.short) reports a port for machines that is none") }
        self.init(
            app: message.app, port: message.port, number: message.number == 0 ? nil : Int(message.number),
            reason: message.reason)
    }

    var message: PeerPBMachineGate {
        .with {
            $0.app = app
            $0.port = port
            $0.number = UInt32(clamping: number ?? 0)
            $0.reason = reason
        }
    }
}
