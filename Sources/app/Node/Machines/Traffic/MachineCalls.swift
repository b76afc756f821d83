import Calls
import Functions
import Gateway
import Identity
import Logging
import MachineProxy
import Metrics
import NIOCore
import Placement
import Streams
import Synchronization

/// Has machines answer: the nearest healthy one, on this node or, over the peer protocol, on another; another one when that
/// fails and the request may be sent again; and, when none is awake, the first that starts.
final class MachineCalls: GatewayMachines {
    /// The longest that a machine of another node may take to the head of its answer: a little more than that node gives
    /// it.
    static let wallLimit = MachineProxy.Settings().answerTimeout + .seconds(5)
    /// How long the word of a machine's end may be on its way from its node.
    private static let newsTime = TimeAmount.milliseconds(150)
    private static let repeatable: Set<String> = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]

    /// A replica as the balancer knows it.
    private struct Key: Hashable {
        let app: String
        let slot: UInt32
        let node: NodeID

        init(_ replica: MachineReplica) {
            app = replica.app
            slot = replica.slot
            node = replica.node
        }
    }

    private struct State {
        var balancer = CallBalancer<Key>()
        var budget: RetryBudget
        var held: [String: Int] = [:]
        var heldCount = 0
    }

    /// A request for any machine of an app.
    struct Call: Sendable {
        let app: String
        /// The only release that may answer; nil for all that serve the app.
        let release: String?
        /// The release that answers as long as it has machines; nil for all alike.
        var share: String?
        let port: String?
        let transport: MachineReplica.Transport
        let request: MachineRequest

        var isRepeatable: Bool {
            guard transport == .http, case .bytes = request.body else { return false }
            return MachineCalls.repeatable.contains(request.method)
        }
    }

    let node: NodeID
    let directory: any MachineDirectory
    let proxy: MachineProxy
    private let sender: CallSender
    private let settings: Settings
    private let logger: Logger
    private let state: Mutex<State>
    private let forwarded = Counter(label: "skerry_machine_requests_forwarded_total")
    private let retried = Counter(label: "skerry_machine_requests_retried_total")
    private let heldTotal = Counter(label: "skerry_machine_requests_held_total")
    private let holdTime = Metrics.Timer(label: "skerry_machine_hold_duration")

    /// - Parameters:
    ///   - directory: Where machines are.
    ///   - proxy: Reaches those of this node.
    ///   - sender: Reaches other nodes.
    init(
        node: NodeID, directory: any MachineDirectory, proxy: MachineProxy, sender: CallSender,
        settings: Settings = Settings(), logger: Logger
    ) {
        self.node = node
        self.directory = directory
        self.proxy = proxy
        self.sender = sender
        self.settings = settings
        self.logger = logger
        state = Mutex(State(budget: RetryBudget(most: settings.maxRetries)))
    }

    func respond(
        _ release: MachineRelease, _ request: MachineRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        answer(
            Call(
                app: release.name, release: release.isPreview ? release.release : nil,
                share: release.isShare ? release.release : nil, port: release.port, transport: .http, request: request),
            on: eventLoop)
    }

    /// Opens a raw connection to a machine's TCP port. Fails with `GatewayError`.
    func connect(_ app: String, port: String?, on eventLoop: any EventLoop) -> EventLoopFuture<GatewayTunnel> {
        let request = MachineRequest(
            method: MachineCallCoding.connectMethod, target: "/", headers: [], body: .bytes(ByteBuffer()))
        let call = Call(app: app, release: nil, port: port, transport: .tcp, request: request)
        return answer(call, on: eventLoop).flatMapThrowing { answer in
            if case .tunnel(let tunnel) = answer { return tunnel }
            answer.abandon()
            throw GatewayError(.machineBadResponse, "A machine's port cannot be reached", origin: .peer)
        }
    }

    func answer(_ call: Call, on eventLoop: any EventLoop) -> EventLoopFuture<MachineAnswer> {
        state.withLock { $0.budget.began() }
        return attempt(call, among: replicas(for: call), attempts: settings.maxAttempts, mayHold: true, on: eventLoop)
    }

    /// The machines that may answer now.
    private func replicas(for call: Call) -> [MachineReplica] {
        let all = directory.healthy(call.app, release: call.release)
        guard let share = call.share, !all.isEmpty else { return all }
        let own = all.filter { $0.release == share }
        guard own.isEmpty else { return own }
        // Whoever comes next finds one awake, perhaps.
        directory.stir(call.app, release: share)
        return all
    }

    // MARK: Attempts

    private func attempt(
        _ call: Call, among replicas: [MachineReplica], attempts: Int, mayHold: Bool, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        guard let chosen = choose(from: replicas) else {
            if mayHold { return hold(call, on: eventLoop) }
            return eventLoop.makeFailedFuture(unavailable(call))
        }
        let start = NIODeadline.now()
        directory.began(chosen)
        let asked = chosen.node == node ? local(call, chosen, on: eventLoop) : remote(call, chosen, on: eventLoop)
        return asked.map { answer in
            self.ended(chosen, .answered(seconds: Double((NIODeadline.now() - start).nanoseconds) / 1e9))
            answer.whenOver { self.directory.ended(chosen) }
            return answer
        }
        .flatMapError { error in
            self.directory.ended(chosen)
            let failure = error as? MachineProxyFailure
            self.ended(chosen, failure?.isFault == true ? .failed : .neither)
            guard let failure else { return eventLoop.makeFailedFuture(error) }
            return self.again(call, failure, after: chosen, of: replicas, attempts, mayHold, on: eventLoop)
        }
    }

    /// Tries another machine if there is one and the request allows it.
    private func again(
        _ call: Call, _ failure: MachineProxyFailure, after chosen: MachineReplica, of replicas: [MachineReplica],
        _ attempts: Int, _ mayHold: Bool, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        guard mayRepeat(call, failure) else { return eventLoop.makeFailedFuture(failure.error) }
        var left = replicas.filter { $0 != chosen }
        if left.isEmpty, let share = call.share, chosen.release == share {
            left = directory.healthy(call.app, release: call.release).filter { $0.release != share }
        }
        // The last one went away under the request: another may be on its way up.
        if left.isEmpty, mayHold, directory.healthy(call.app, release: call.release).isEmpty {
            return hold(call, on: eventLoop)
        }
        guard attempts > 1, !left.isEmpty || mayHold && failure.error.code != .machineOverloaded,
            state.withLock({ $0.budget.spend() })
        else { return eventLoop.makeFailedFuture(failure.error) }
        retried.increment()
        guard left.isEmpty else {
            return attempt(call, among: left, attempts: attempts - 1, mayHold: mayHold, on: eventLoop)
        }
        // The word that it is gone may be on its way.
        return eventLoop.flatScheduleTask(in: MachineCalls.newsTime) {
            self.attempt(
                call, among: self.replicas(for: call), attempts: attempts - 1, mayHold: mayHold, on: eventLoop)
        }.futureResult
    }

    private func mayRepeat(_ call: Call, _ failure: MachineProxyFailure) -> Bool {
        guard failure.isOthersToTry, failure.error.code != .machineTimeout else { return false }
        // A body on its way is gone as soon as somebody began to read it.
        return !failure.mayHaveRun || call.isRepeatable
    }

    private func choose(from replicas: [MachineReplica]) -> MachineReplica? {
        guard !replicas.isEmpty else { return nil }
        let keys = replicas.map { Key($0) }
        let now = NIODeadline.now().uptimeNanoseconds
        let chosen = state.withLock { state in
            let chosen = state.balancer.choose(from: keys, now: now)
            if let chosen { state.balancer.began(chosen, now: now) }
            return chosen
        }
        return chosen.flatMap { keys.firstIndex(of: $0) }.map { replicas[$0] }
    }

    private func ended(_ replica: MachineReplica, _ outcome: CallBalancer<Key>.Outcome) {
        let now = NIODeadline.now().uptimeNanoseconds
        state.withLock { $0.balancer.ended(Key(replica), outcome, now: now) }
    }

    private func unavailable(_ call: Call) -> GatewayError {
        GatewayError(.machineUnavailable, "No machine of \"\(call.app)\" can be reached now", origin: .node)
    }

    // MARK: Here and elsewhere

    /// Fails with `MachineProxyFailure`.
    private func local(
        _ call: Call, _ replica: MachineReplica, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        let place = MachinePlace(app: call.app, slot: replica.slot, port: call.port, transport: call.transport)
        return answerHere(place, call.request, on: eventLoop)
    }

    /// Has a machine of this node answer. Fails with `MachineProxyFailure`.
    func answerHere(
        _ place: MachinePlace, _ request: MachineRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        guard let address = directory.address(place.app, slot: place.slot, port: place.port, place.transport) else {
            let error = GatewayError(
                .machineUnavailable, "The machine is not on this node any more, or has no such port", origin: .node)
            return eventLoop.makeFailedFuture(MachineProxyFailure(error, mayHaveRun: false, isFault: false))
        }
        directory.entered(place.app, slot: place.slot, release: address.release)
        let target = MachineTarget(host: address.host, port: Int(address.port))
        let asked =
            place.transport == .tcp
            ? proxy.connect(to: target, on: eventLoop).map { MachineAnswer.tunnel($0) }
            : proxy.respond(at: target, request, on: eventLoop)
        return asked.map { answer in
            answer.whenOver { self.directory.left(place.app, slot: place.slot, release: address.release) }
            return answer
        }
        .flatMapErrorThrowing { error in
            self.directory.left(place.app, slot: place.slot, release: address.release)
            throw error
        }
    }

    private func remote(
        _ call: Call, _ replica: MachineReplica, on eventLoop: any EventLoop
    ) -> EventLoopFuture<MachineAnswer> {
        forwarded.increment()
        let place = MachinePlace(app: call.app, slot: replica.slot, port: call.port, transport: call.transport)
        let isTunnel = call.request.upgrade != nil || call.transport == .tcp
        let toMachine = isTunnel ? ByteStream() : nil
        return eventLoop.makeFutureHere {
            do throws(CallFailure) {
                let reply = try await self.sender.call(
                    MachineCallCoding.call(call.request, toMachine: toMachine), of: place.version, at: replica.node,
                    hops: 1)
                if call.transport == .tcp, case .stream(let stream) = reply.body, let toMachine {
                    return .tunnel(MachineCallCoding.tunnel([], stream, toMachine))
                }
                let answer = MachineCallCoding.answer(reply, toMachine: toMachine)
                guard answer.isSound else {
                    answer.abandon()
                    throw CallFailure.fault(
                        "Node \(replica.node.short) passed on an answer that is no HTTP", mayHaveRun: true)
                }
                return answer
            } catch {
                toMachine?.finish()
                let failure = MachineCallCoding.failure(error)
                guard isTunnel, failure.error.code == .machineUnavailable else { throw failure }
                // The body that was begun is the tunnel's, into which nothing of the client's has come yet.
                throw MachineProxyFailure(failure.error, mayHaveRun: false, isFault: failure.isFault)
            }
        }
    }

    // MARK: Waiting

    /// Lets a request wait until a machine has started.
    private func hold(_ call: Call, on eventLoop: any EventLoop) -> EventLoopFuture<MachineAnswer> {
        guard call.release != nil || directory.hasMachines(call.app) else {
            return eventLoop.makeFailedFuture(unavailable(call))
        }
        guard beginHold(call.app) else {
            let message = "As many requests wait for a machine of \"\(call.app)\" to start as may; try again soon"
            return eventLoop.makeFailedFuture(GatewayError(.machineStarting, message, origin: .node))
        }
        heldTotal.increment()
        let start = NIODeadline.now()
        let promise = eventLoop.makePromise(of: MachineReplica.self)
        let (directory, timeout) = (directory, settings.holdTimeout)
        let waiting = Task {
            do {
                promise.succeed(try await directory.wake(call.app, release: call.release, within: timeout))
            } catch let failure as MachineFailure {
                promise.fail(GatewayError(.machineStarting, failure.message, origin: .node))
            } catch {
                promise.fail(GatewayError(.machineStarting, "No machine of \"\(call.app)\" started", origin: .node))
            }
        }
        call.request.cancellation.onCancel {
            waiting.cancel()
            promise.fail(GatewayError(.requestTimeout, "Nobody waits for the answer any more", origin: .client))
        }
        return promise.futureResult.always { _ in
            self.endHold(call.app)
            self.holdTime.recordNanoseconds((NIODeadline.now() - start).nanoseconds)
        }
        .flatMap { woken in
            let healthy = self.replicas(for: call)
            return self.attempt(
                call, among: healthy.isEmpty ? [woken] : healthy, attempts: self.settings.maxAttempts, mayHold: false,
                on: eventLoop)
        }
    }

    /// Requests that wait for a machine.
    var heldCount: Int { state.withLock { $0.heldCount } }

    private func beginHold(_ app: String) -> Bool {
        state.withLock { state in
            let count = state.held[app, default: 0]
            guard count < settings.maxHeldOfApp, state.heldCount < settings.maxHeld else { return false }
            state.held[app] = count + 1
            state.heldCount += 1
            return true
        }
    }

    private func endHold(_ app: String) {
        state.withLock { state in
            let count = state.held[app, default: 1] - 1
            state.held[app] = count > 0 ? count : nil
            state.heldCount -= 1
        }
    }
}

extension MachineAnswer {
    /// Runs `body` once when the answer has come to its end, at once if it is whole.
    func whenOver(_ body: @escaping @Sendable () -> Void) {
        switch self {
        case .tunnel(let tunnel): tunnel.toClient.whenOver(body)
        case .content(let answer):
            if case .stream(let stream) = answer.body { stream.whenOver(body) } else { body() }
        }
    }
}
