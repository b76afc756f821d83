import Identity
import Peering
import SwiftProtobuf
import Wire

/// What a node says of one of its machines: where it is, and how it does.
struct MachineReport: Hashable, Sendable {
    /// Texts of a report are cut after so many bytes.
    static let maxTextBytes = 512
    /// The state of a machine that its owner stopped.
    static let stopped = "stopped"

    var replica: MachineReplica
    /// For people, such as `back-off`.
    var state = ""
    var restarts = 0
    /// Milliseconds since 1970; nil while it does not run.
    var startedMilliseconds: Int64?
    /// Why it is where it is.
    var reason = ""
    var cpuMillis = 0
    var memoryBytes: UInt64 = 0
    var memoryLimitBytes: UInt64 = 0
}

extension MachineReport {
    /// Ports in a report at most.
    private static let maxPorts = 64

    /// Reads a report that `node` sent.
    ///
    /// - Throws: ``PeerError`` with `protocolViolation`.
    init(_ message: PeerPBMachineReplica, from node: NodeID) throws {
        guard let phase = UInt8(exactly: message.phase).flatMap(MachineReplica.Phase.init),
            message.ports.count <= MachineReport.maxPorts,
            [message.app, message.release, message.state, message.reason].allSatisfy({
                $0.utf8.count <= MachineReport.maxTextBytes
            })
        else { throw PeerError(.protocolViolation, "Node \(node.short) reports a machine that is none") }
        let ports = try message.ports.map { port in
            guard let number = UInt16(exactly: port.number), port.name.utf8.count <= MachineReport.maxTextBytes,
                let transport = UInt8(exactly: port.transport).flatMap(MachineReplica.Transport.init)
            else { throw PeerError(.protocolViolation, "Node \(node.short) reports a machine's port that is none") }
            return MachineReplica.Port(name: port.name, number: number, transport: transport)
        }
        self.init(
            replica: MachineReplica(
                app: message.app, slot: message.slot, release: message.release, node: node, fence: message.fence,
                phase: phase, ports: ports),
            state: message.state, restarts: Int(message.restarts),
            startedMilliseconds: message.startedMs == 0 ? nil : message.startedMs, reason: message.reason,
            cpuMillis: Int(message.cpuMillis), memoryBytes: message.memoryBytes,
            memoryLimitBytes: message.memoryLimitBytes)
    }

    var message: PeerPBMachineReplica {
        .with {
            $0.app = replica.app
            $0.slot = replica.slot
            $0.release = replica.release
            $0.fence = replica.fence
            $0.phase = UInt32(replica.phase.rawValue)
            $0.ports = replica.ports.map { port in
                .with {
                    $0.name = port.name
                    $0.number = UInt32(port.number)
                    $0.transport = UInt32(port.transport.rawValue)
                }
            }
            $0.state = state
            $0.restarts = UInt32(clamping: restarts)
            $0.startedMs = startedMilliseconds ?? 0
            $0.reason = MachineReport.cut(reason)
            $0.cpuMillis = UInt32(clamping: cpuMillis)
            $0.memoryBytes = memoryBytes
            $0.memoryLimitBytes = memoryLimitBytes
        }
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= maxTextBytes ? text : String(decoding: text.utf8.prefix(maxTextBytes - 3), as: UTF8.self)
    }
}
