import Logging
import NIOCore
import NIOPosix
import Synchronization
import WorkerProtocol

/// The core's actions with what it takes to carry them out; made under the lock, run after it.
private enum Effect {
    case spawn(PoolCore.WorkerID, WorkerHandle, lane: Int)
    case load(PoolCore.WorkerID, WorkerHandle, FunctionPool.CodeSource?)
    case send(WorkerHandle, FunctionPool.Pending, PoolCore.WireID)
    case cancel(WorkerHandle, PoolCore.WireID)
    case kill(WorkerHandle)
    case fail(FunctionPool.Pending, FunctionError)
}

extension FunctionPool {
    static let busyTick = TimeAmount.milliseconds(10)
    static let idleTick = TimeAmount.milliseconds(250)

    /// Changes the core and carries out what it asks for.
    func act(_ body: (inout PoolCore, PoolCore.Instant) -> [PoolCore.Action]) {
        run { state, now in body(&state.core, now) }
    }

    /// Adds a request: most go to a worker at once, which takes no list of actions. Returns the request's id.
    func add(_ pending: Pending, deadline: PoolCore.Instant, now: NIODeadline) -> PoolCore.RequestID {
        let lane = lane(of: pending.eventLoop)
        let (id, placed, mustTick) = state.withLock { state in
            state.lastRequest += 1
            let id = state.lastRequest
            state.pending[id] = pending
            let placed = state.core
                .place(id, pending.version, deadline: deadline, now: now.uptimeNanoseconds, lane: lane)
                .flatMap { placed in state.handles[placed.worker].map { (handle: $0, wireID: placed.wireID) } }
            return (id, placed, placed == nil ? nil : Self.needsTick(&state, now: now))
        }
        if let placed {
            carryOut(.send(placed.handle, pending, placed.wireID))
            schedule(mustTick)
        } else {
            run(now: now) { state, now in state.core.invoke(id, pending.version, deadline: deadline, now: now) }
        }
        return id
    }

    func run(now: NIODeadline = .now(), _ body: (inout State, PoolCore.Instant) -> [PoolCore.Action]) {
        let (effects, mustTick) = state.withLock { state in
            let effects = body(&state, now.uptimeNanoseconds).compactMap { Self.effect(of: $0, &state) }
            return (effects, Self.needsTick(&state, now: now))
        }
        for effect in effects { carryOut(effect) }
        schedule(mustTick)
    }

    private func schedule(_ tick: NIODeadline?) {
        if let tick { eventLoop.scheduleTask(deadline: tick) { self.tick(tick) } }
    }

    private static func effect(of action: PoolCore.Action, _ state: inout State) -> Effect? {
        switch action {
        case .spawn(let id):
            let handle = WorkerHandle()
            state.handles[id] = handle
            return .spawn(id, handle, lane: state.core.workers[id]?.lane ?? 0)
        case .load(let id, let version):
            guard let handle = state.handles[id] else { return nil }
            let source = state.core.openRequest(of: version).flatMap { state.pending[$0]?.code }
            return .load(id, handle, source)
        case .send(let request, let id, let wireID):
            guard let handle = state.handles[id], let pending = state.pending[request] else { return nil }
            return .send(handle, pending, wireID)
        case .cancel(let wireID, let id):
            return state.handles[id].map { .cancel($0, wireID) }
        case .kill(let id):
            return state.handles[id].map { .kill($0) }
        case .fail(let request, let error):
            return state.pending.removeValue(forKey: request).map { .fail($0, error) }
        }
    }

    private func carryOut(_ effect: Effect) {
        switch effect {
        case .spawn(let id, let handle, let lane):
            spawn(id, handle, on: loops[lane])
        case .load(let id, let handle, let source):
            load(id, handle, source)
        case .send(let handle, let pending, let wireID):
            handle.send(pending.call, as: wireID)
            if case .stream(let stream) = pending.call.body { handle.bodies.transmit(wireID, stream) }
        case .cancel(let handle, let wireID):
            handle.send(.cancel(id: wireID))
        case .kill(let handle):
            handle.kill()
        case .fail(let pending, let error):
            pending.call.body.stop()
            note(pending, .failure(error))
            pending.complete(.failure(error))
        }
    }

    // MARK: Clock

    /// When a tick has to be scheduled; nil while one that is early enough is on its way.
    private static func needsTick(_ state: inout State, now: NIODeadline) -> NIODeadline? {
        guard !state.handles.isEmpty || !state.pending.isEmpty else { return nil }
        // Whether the core is busy takes a look at all workers: not for each call, while a tick comes soon anyway.
        guard now + busyTick + .milliseconds(1) < state.nextTick else { return nil }
        let due = now + (state.core.isBusy ? busyTick : idleTick)
        guard due + .milliseconds(1) < state.nextTick else { return nil }
        state.nextTick = due
        return due
    }

    private func tick(_ due: NIODeadline) {
        let handles = state.withLock { state -> [PoolCore.WorkerID: WorkerHandle]? in
            // An earlier tick has taken this one's place.
            guard state.nextTick == due else { return nil }
            state.nextTick = .distantFuture
            return state.handles
        }
        guard let handles else { return }
        let samples = handles.compactMapValues { $0.sample() }
        act { core, now in core.tick(now: now, samples: samples) }
    }
}
