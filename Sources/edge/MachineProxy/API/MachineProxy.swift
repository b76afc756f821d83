public import Gateway
public import NIOCore
import Streams
import Synchronization

/// Talks to machines of this node: requests over kept HTTP/1.1 connections, upgrades, and raw connections.
///
/// Each event loop has its own connections, so that a request goes from the client's connection to the machine's and back
/// without a hop. Which machine gets a request is for others to say. ``close()`` ends it.
public final class MachineProxy: Sendable {
    private struct State {
        var pools: [ObjectIdentifier: NIOLoopBound<UpstreamPool>] = [:]
        var isClosed = false
    }

    private let settings: Settings
    private let state = Mutex(State())

    /// Without connections.
    public init(settings: Settings = Settings()) { self.settings = settings }

    /// Has a machine answer a request.
    ///
    /// A request with an upgrade may be answered by a tunnel; its body is not looked at. A kept connection that turns out
    /// to be closed is not a failure if the request may be sent again.
    ///
    /// - Parameter eventLoop: One of sockets. Nothing hops if it is the caller's.
    /// - Returns: A future on `eventLoop`; fails with ``MachineProxyFailure``.
    public func respond(
        at target: MachineTarget, _ request: MachineRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        guard RequestEncoder.isSound(request) else {
            let failure = MachineProxyFailure.client(
                .badRequest, "The request has a part that no HTTP message may hold")
            return eventLoop.makeFailedFuture(failure)
        }
        return onPool(eventLoop) { pool in
            let promise = eventLoop.makePromise(of: MachineAnswer.self)
            pool.send(request, to: target, promise)
            return promise.futureResult
        }
    }

    /// Opens a raw connection.
    ///
    /// - Returns: A future on `eventLoop`; fails with ``MachineProxyFailure``. The tunnel has no fields; if it is not
    ///   started, its stream must be stopped.
    public func connect(to target: MachineTarget, on eventLoop: any EventLoop) -> EventLoopFuture<GatewayTunnel> {
        onPool(eventLoop) { pool in
            let promise = eventLoop.makePromise(of: GatewayTunnel.self)
            pool.connect(to: target, promise)
            return promise.futureResult
        }
    }

    /// Ends all connections, also those that are in use.
    public func close() {
        let pools = state.withLock { state in
            state.isClosed = true
            defer { state.pools = [:] }
            return Array(state.pools.values)
        }
        for pool in pools { pool.eventLoop.execute { pool.value.close() } }
    }

    private func onPool<Value: Sendable>(
        _ eventLoop: any EventLoop, _ body: @escaping @Sendable (UpstreamPool) -> EventLoopFuture<Value>
    ) -> EventLoopFuture<Value> {
        guard eventLoop.inEventLoop else { return eventLoop.flatSubmit { self.onPool(eventLoop, body) } }
        let pool = state.withLock { state -> NIOLoopBound<UpstreamPool>? in
            if state.isClosed { return nil }
            let id = ObjectIdentifier(eventLoop)
            if let pool = state.pools[id] { return pool }
            let pool = NIOLoopBound(UpstreamPool(settings: settings, loop: eventLoop), eventLoop: eventLoop)
            state.pools[id] = pool
            return pool
        }
        guard let pool else {
            let error = GatewayError(.machineUnavailable, "This node is closing", origin: .node)
            return eventLoop.makeFailedFuture(MachineProxyFailure(error, mayHaveRun: false, isFault: false))
        }
        return body(pool.value)
    }
}
