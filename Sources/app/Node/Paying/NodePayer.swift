import Exchange
import Identity
import Ledger
import NIOCore
import PaidDelivery
import Peering
import Synchronization

/// Pays nodes for the blocks that this one fetches: the exchange's payer, before what pays is there, because the exchange is
/// made first.
final class NodePayer: DeliveryPayer {
    private struct Parts: Sendable {
        let client: PayingClient
        let funds: ChannelFunds
    }

    private struct State {
        var parts: Parts?
        /// Channels that are on their way, by the connection for which.
        var funding: [ObjectIdentifier: EventLoopFuture<Void>] = [:]
    }

    private let state = Mutex(State())

    func attach(_ client: PayingClient, _ funds: ChannelFunds) {
        state.withLock { $0.parts = Parts(client: client, funds: funds) }
    }

    func session(over connection: PeerConnection) -> (any DeliverySession)? {
        state.withLock(\.parts)?.client.session(over: connection)
    }

    func open(over connection: PeerConnection) -> EventLoopFuture<any DeliverySession> {
        guard let parts = state.withLock(\.parts) else { return NoPayment().open(over: connection) }
        return parts.client.open(over: connection).flatMapError { error in
            guard (error as? PeerError)?.code == .paymentRequired else {
                return connection.eventLoop.makeFailedFuture(error)
            }
            return self.fund(connection, parts).flatMap { parts.client.open(over: connection) }
        }
    }

    /// One channel for all blocks that are wanted over a connection.
    private func fund(_ connection: PeerConnection, _ parts: Parts) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(connection)
        let promise = connection.eventLoop.makePromise(of: Void.self)
        let running = state.withLock { state -> EventLoopFuture<Void>? in
            if let running = state.funding[id] { return running }
            state.funding[id] = promise.futureResult
            return nil
        }
        if let running {
            promise.completeWith(running)
            return promise.futureResult
        }
        let node = connection.peer
        connection.eventLoop.makeFutureWithTask {
            parts.client.add(try await parts.funds.wallet(for: node, .bytes), for: node)
        }.whenComplete { result in
            self.state.withLock { $0.funding[id] = nil }
            promise.completeWith(result)
        }
        return promise.futureResult
    }
}
