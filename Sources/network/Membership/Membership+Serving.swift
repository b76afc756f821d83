import CoreMetrics
import Identity
import Logging
public import NIOCore
public import Peering
import Synchronization
import Wire

extension Membership {
    /// Answers a peer's request about membership; nil if the request is about something else.
    ///
    /// A message with a forged or implausible claim is answered with the code of a ``MembershipError``, and nothing of
    /// it is believed.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        switch request.type {
        case .probe, .syncMembers: break
        case .indirectProbe: return serveIndirect(request, on: eventLoop)
        default: return nil
        }
        return eventLoop.makeCompletedFuture {
            let orders = try self.refusing { try self.takeUp(request, nonce: 0, waiter: nil) }
            self.execute(orders)
            for case .reply(let reply) in orders { return reply }
            throw PeerError(.internalError, "The answer could not be made")
        }
    }

    private func serveIndirect(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        let promise = eventLoop.makePromise(of: PeerReply.self)
        let nonce = state.withLock { state in
            state.lastRequest += 1
            return state.lastRequest
        }
        do {
            execute(try refusing { try takeUp(request, nonce: nonce, waiter: promise) })
        } catch {
            promise.fail(error)
        }
        return promise.futureResult
    }

    private func takeUp(
        _ request: PeerRequest, nonce: UInt64, waiter: EventLoopPromise<PeerReply>?
    ) throws -> [Order] {
        guard let frame = try MembershipFrame(request, nonce: nonce) else {
            throw PeerError(.unsupported, "This node does not know \(request.type); update it")
        }
        return try state.withLock { state in
            // Nobody would end it.
            guard waiter == nil || state.isRunning else {
                throw PeerError(.busy, "This node does not watch the others now; ask another")
            }
            let actions = try state.core.onFrame(
                frame, from: request.peer, directory: directory, nowMillis: Membership.wallMillis, now: now)
            if let waiter { state.waiting[nonce] = waiter }
            return prepare(actions, &state)
        }
    }

    /// Counts refusals and gives them the form that peers get.
    private func refusing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as MembershipError {
            metrics.refusals.increment()
            logger.debug("refused a membership message", metadata: ["error": "\(error)"])
            throw error.answer
        }
    }
}
