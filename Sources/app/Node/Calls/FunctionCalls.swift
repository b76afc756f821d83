import Calls
import Functions
import Identity
import Logging
import Metrics
import NIOCore
import Placement
import Streams
import Synchronization

/// Runs calls of functions where they belong: on this node if it is one of the app's, else on one that is; and on another
/// one when this node has no room.
///
/// A call is handed on by the node where it came in, and once more only by a node that lost the app meanwhile. So a node
/// that has no room says so to the one that asked, and never passes a call that was passed to it: overload does not travel
/// in circles. How many calls go elsewhere for lack of room is bounded by ``maxSpilled``, how many are tried once more by
/// `RetryBudget`.
final class FunctionCalls: Sendable {
    /// How often a call may be handed on.
    static let maxHops: UInt8 = 2
    /// Calls at other nodes at once that this one had no room for: overload that all share is refused, not moved.
    static let maxSpilled = 128
    /// Nodes that one call is tried at.
    private static let maxAttempts = 3
    private static let repeatable: Set<String> = ["GET", "HEAD", "OPTIONS"]

    /// Runs a call in this node's own workers.
    typealias Local =
        @Sendable (
            FunctionVersion, FunctionCall, any EventLoop, @escaping FunctionPool.Completion
        ) -> Void

    private struct State {
        var balancer = CallBalancer<NodeID>()
        var budget = RetryBudget()
        var spilled = 0
    }

    private let node: NodeID
    private let placement: @Sendable (String) -> [NodeID]
    private let isUsable: @Sendable (NodeID) -> Bool
    private let knows: @Sendable (FunctionVersion) -> Bool
    private let sender: CallSender
    private let local: Local
    private let logger: Logger
    private let state = Mutex(State())
    private let forwarded = Counter(label: "skerry_function_calls_forwarded_total")
    private let spilled = Counter(label: "skerry_function_calls_spilled_total")
    private let retried = Counter(label: "skerry_function_calls_retried_total")

    /// - Parameters:
    ///   - placement: The nodes of an app, by its name, in order of preference.
    ///   - isUsable: Whether a node is believed alive.
    ///   - knows: Whether this node's ledger has a release.
    init(
        node: NodeID, placement: @escaping @Sendable (String) -> [NodeID],
        isUsable: @escaping @Sendable (NodeID) -> Bool, knows: @escaping @Sendable (FunctionVersion) -> Bool,
        sender: CallSender, logger: Logger,
        local: @escaping Local
    ) {
        self.node = node
        self.placement = placement
        self.isUsable = isUsable
        self.knows = knows
        self.sender = sender
        self.logger = logger
        self.local = local
    }

    /// Runs a call that came in here.
    ///
    /// - Parameter completion: Gets the answer, or `FunctionError`, on `eventLoop`; it may before this returns.
    func invoke(
        _ version: FunctionVersion, _ call: FunctionCall, on eventLoop: any EventLoop,
        completion: @escaping FunctionPool.Completion
    ) {
        let nodes = placement(version.app)
        guard nodes.isEmpty || nodes.contains(node) else {
            forwarded.increment()
            return eventLoop.makeFutureHere { try await self.forward(version, call, to: nodes, on: eventLoop) }
                .whenComplete(completion)
        }
        local(version, call, eventLoop) { outcome in
            guard case .failure(let error) = outcome, self.mayPass(call, error) else { return completion(outcome) }
            let others = nodes.filter { $0 != self.node && self.isUsable($0) }
            guard !others.isEmpty, self.beginSpill() else { return completion(outcome) }
            eventLoop.makeFutureWithTask {
                defer { self.state.withLock { $0.spilled -= 1 } }
                do throws(CallFailure) {
                    return try await self.attempt(version, call, among: others, hops: 1, attempts: 1)
                } catch {
                    throw error.error
                }
            }.whenComplete(completion)
        }
    }

    /// Runs a call that came in here, for callers that want a future.
    func invoke(
        _ version: FunctionVersion, _ call: FunctionCall, on eventLoop: any EventLoop
    ) -> EventLoopFuture<FunctionReply> {
        let promise = eventLoop.makePromise(of: FunctionReply.self)
        invoke(version, call, on: eventLoop) { promise.completeWith($0) }
        return promise.futureResult
    }

    /// Runs a call in this node's own workers.
    private func runHere(
        _ version: FunctionVersion, _ call: FunctionCall, on eventLoop: any EventLoop
    ) async throws -> FunctionReply {
        try await withCheckedThrowingContinuation { continuation in
            local(version, call, eventLoop) { continuation.resume(with: $0) }
        }
    }

    private func beginSpill() -> Bool {
        let isFree = state.withLock { state in
            guard state.spilled < FunctionCalls.maxSpilled else { return false }
            state.spilled += 1
            return true
        }
        if isFree { spilled.increment() }
        return isFree
    }

    /// Runs a call that another node handed on, after so many hops.
    func serve(
        _ version: FunctionVersion, _ call: FunctionCall, hops: UInt8, on eventLoop: any EventLoop
    ) async throws(CallFailure) -> FunctionReply {
        guard hops <= FunctionCalls.maxHops else {
            throw .final(FunctionError(.unreachable, "The call was handed on \(hops) times; no node takes it"))
        }
        guard knows(version) else {
            throw .refused(
                FunctionError(
                    .releaseUnknown, "Node \(node.short) does not know the release \(version.release) yet",
                    retryAfter: .seconds(1)))
        }
        let nodes = placement(version.app)
        if hops < FunctionCalls.maxHops, !nodes.contains(node), !nodes.isEmpty {
            return try await attempt(version, call, among: nodes, hops: hops + 1, attempts: 1)
        }
        do { return try await runHere(version, call, on: eventLoop) } catch {
            guard let error = error as? FunctionError else {
                throw .final(FunctionError(.crashed, "The node failed to run the function; its log says why"))
            }
            if error.isForLackOfRoom || error.code == .workerMissing { throw .refused(error) }
            throw .final(error)
        }
    }

    /// Why this node does not run a client's call of an app; nil if it does.
    func refusal(ofClientsOf app: String) -> FunctionError? {
        let nodes = placement(app)
        guard !nodes.isEmpty, !nodes.contains(node) else { return nil }
        let names = nodes.map(\.description).joined(separator: ", ")
        return FunctionError(.unreachable, "Node \(node.short) does not run the app; pay one that does: \(names)")
    }

    // MARK: Other nodes

    /// What this node has no room for, and what it still has all of: a body that is on its way may be read in part.
    private func mayPass(_ call: FunctionCall, _ error: any Error) -> Bool {
        guard let error = error as? FunctionError, error.isForLackOfRoom, case .bytes = call.body else { return false }
        return true
    }

    private func forward(
        _ version: FunctionVersion, _ call: FunctionCall, to nodes: [NodeID], on eventLoop: any EventLoop
    ) async throws -> FunctionReply {
        state.withLock { $0.budget.began() }
        let alive = nodes.filter(isUsable)
        let candidates = alive.isEmpty ? nodes : alive
        do throws(CallFailure) {
            return try await attempt(
                version, call, among: candidates, hops: 1, attempts: FunctionCalls.maxAttempts)
        } catch {
            logger.info(
                "no node that runs an app answered a call",
                metadata: ["app": "\(version.tenant)", "request": "\(call.id)", "error": "\(error.error)"])
            guard error.isFault, !error.mayHaveRun else { throw error.error }
            // Its nodes are away: this one does what it can, and lacks the app's secrets if it has any.
            do { return try await runHere(version, call, on: eventLoop) } catch let own as FunctionError
                where own.code == .secretMissing
            {
                throw error.error
            }
        }
    }

    private func attempt(
        _ version: FunctionVersion, _ call: FunctionCall, among nodes: [NodeID], hops: UInt8, attempts: Int
    ) async throws(CallFailure) -> FunctionReply {
        var left = nodes.filter { $0 != node }
        var attempts = attempts
        while let chosen = choose(from: left) {
            let start = NIODeadline.now()
            let failure: CallFailure
            do throws(CallFailure) {
                let reply = try await sender.call(call, of: version, at: chosen, hops: hops)
                ended(chosen, .answered(seconds: Double((NIODeadline.now() - start).nanoseconds) / 1e9))
                return reply
            } catch {
                failure = error
            }
            ended(
                chosen,
                failure.isFault
                    ? .failed
                    : failure.mayHaveRun && failure.error.code != .cancelled
                        ? .answered(seconds: Double((NIODeadline.now() - start).nanoseconds) / 1e9) : .neither)
            left.removeAll { $0 == chosen }
            attempts -= 1
            guard attempts > 0, !left.isEmpty, isRepeatable(call, failure), state.withLock({ $0.budget.spend() })
            else { throw failure }
            retried.increment()
        }
        throw .fault("No node runs the function", mayHaveRun: false)
    }

    private func isRepeatable(_ call: FunctionCall, _ failure: CallFailure) -> Bool {
        guard failure.isOthersToTry else { return false }
        if !failure.mayHaveRun { return true }
        guard case .bytes = call.body else { return false }
        return FunctionCalls.repeatable.contains(call.method)
    }

    private func choose(from nodes: [NodeID]) -> NodeID? {
        let now = NIODeadline.now().uptimeNanoseconds
        return state.withLock { state in
            let chosen = state.balancer.choose(from: nodes, now: now)
            if let chosen { state.balancer.began(chosen, now: now) }
            return chosen
        }
    }

    private func ended(_ node: NodeID, _ outcome: CallBalancer<NodeID>.Outcome) {
        let now = NIODeadline.now().uptimeNanoseconds
        state.withLock { $0.balancer.ended(node, outcome, now: now) }
    }
}
