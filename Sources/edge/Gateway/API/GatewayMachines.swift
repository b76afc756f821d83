public import NIOCore
import Streams

/// What answers requests for machines: servers that run for a long time, here or on other nodes.
public protocol GatewayMachines: Sendable {
    /// Has a machine answer a request. Must not block.
    ///
    /// - Returns: A future on `eventLoop`, failed with ``GatewayError``. When the client goes away, the request's
    ///   cancellation comes; an answer that comes all the same is let go of: its stream stopped.
    func respond(
        _ release: MachineRelease, _ request: MachineRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer>
}

/// What a machine answered.
public enum MachineAnswer: Sendable {
    /// Content, as an origin's: fields without those of the machine's connection, names in lower case, values checked.
    case content(OriginAnswer)
    /// The connection speaks another protocol from now on. Only for requests with ``MachineRequest/upgrade``.
    case tunnel(GatewayTunnel)

    /// Lets go of what the answer holds, when nobody is left to read it.
    public func abandon() {
        switch self {
        case .content(let answer): answer.abandon()
        case .tunnel(let tunnel): tunnel.toClient.stop()
        }
    }
}

/// For gateways whose apps have no machines.
struct NoMachines: GatewayMachines {
    func respond(
        _ release: MachineRelease, _ request: MachineRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        eventLoop.makeFailedFuture(
            GatewayError(.machineUnavailable, "Machines cannot be reached from here", origin: .node))
    }
}
