import CJavaScriptCore
import WorkerProtocol

/// Host calls, and the bodies that come and go in parts.
extension Worker {
    // MARK: What the prelude asks for

    /// What came of asking the node for something.
    enum CallStart {
        case began(UInt64)
        /// As many calls are open as may be; the call has not been counted.
        case busy
        /// The request has asked for too much already.
        case refused
    }

    /// Asks the node for something.
    func beginCall(owner: UInt64, name: String, argument: String, body: [UInt8], continues: Bool) -> CallStart {
        guard argument.utf8.count <= WireLimits.maxValueBytes, body.count <= WireLimits.maxCallBodyBytes,
            owner == 0 || requests.isKnown(owner)
        else { return .refused }
        if calls.isFull { return .busy }
        guard requests.admitCall(owner), let id = calls.begin(owner: owner) else { return .refused }
        if continues { bodies[id] = OutgoingBody() }
        send(
            .call(
                id: id, HostCallOrder(owner: owner, name: name, argument: argument), body: body,
                continues: continues))
        return .began(id)
    }

    /// Adds to a body, which leaves even if the entry takes long. Returns how much more may be added at once, nil when nobody
    /// wants it.
    func addToBody(_ id: UInt64, _ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bodies[id]?.isFinished == false else { return nil }
        bodies[id]?.append(bytes)
        pump(id)
        flushIfDue(MonotonicClock.now())
        return bodies[id]?.room
    }

    func endBody(_ id: UInt64) {
        bodies[id]?.finish()
        pump(id)
    }

    /// Breaks a body off.
    func breakBody(_ id: UInt64, _ message: String) {
        guard bodies.removeValue(forKey: id) != nil else { return }
        send(.broken(id: id, message: message))
        requests.endBody(id, now: now)
    }

    /// The script consumed so much of what came.
    func grant(_ id: UInt64, _ bytes: Int) {
        guard bytes > 0 else { return }
        send(.credit(id: id, bytes: UInt32(clamping: bytes)))
    }

    /// The script wants no more of what comes.
    func refuseBody(_ id: UInt64) {
        send(.stop(id: id))
        calls.end(id)
    }

    // MARK: Frames

    func finishCall(_ id: UInt64, _ value: String, _ body: [UInt8], _ continues: Bool) {
        guard let engine, let owner = calls.owner(of: id), calls.takeResult(id, continues: continues) else { return }
        let context = engine.context
        deliver(
            .result, to: owner, JSValueMakeNumber(context, Double(id)), ScriptText.value(value, in: context),
            body.isEmpty
                ? JSValueMakeUndefined(context) : body.withUnsafeBytes { ScriptBytes.makeBuffer($0, in: context) },
            JSValueMakeBoolean(context, continues))
    }

    func failCall(_ id: UInt64, _ code: String, _ message: String) {
        guard let engine, let owner = calls.owner(of: id) else { return }
        calls.end(id)
        bodies[id] = nil
        let context = engine.context
        deliver(
            .callFailed, to: owner, JSValueMakeNumber(context, Double(id)), ScriptText.value(code, in: context),
            ScriptText.value(message, in: context))
    }

    /// A part of a request's or a result's body, or its end.
    func receiveBody(_ frame: Frame) {
        guard let context = engine?.context else { return }
        switch frame {
        case .data(let id, let bytes):
            guard let owner = owner(of: id) else { return send(.stop(id: id)) }
            deliver(
                .data, to: owner, JSValueMakeNumber(context, Double(id)),
                bytes.withUnsafeBytes { ScriptBytes.makeBuffer($0, in: context) })
        case .end(let id):
            guard let owner = owner(of: id) else { return }
            calls.end(id)
            deliver(.end, to: owner, JSValueMakeNumber(context, Double(id)))
        case .broken(let id, let message):
            guard let owner = owner(of: id) else { return }
            calls.end(id)
            deliver(
                .broken, to: owner, JSValueMakeNumber(context, Double(id)), ScriptText.value(message, in: context))
        default: return
        }
    }

    func addCredit(_ id: UInt64, _ bytes: Int) {
        guard bodies[id] != nil else { return }
        bodies[id]?.addCredit(bytes)
        pump(id)
        guard let engine, let body = bodies[id], body.room > 0, !body.isFinished, let owner = owner(of: id) else {
            return
        }
        deliver(
            .credit, to: owner, JSValueMakeNumber(engine.context, Double(id)),
            JSValueMakeNumber(engine.context, Double(body.room)))
    }

    /// The node wants no more of a body.
    func stopBody(_ id: UInt64) {
        guard let engine, bodies.removeValue(forKey: id) != nil, let owner = owner(of: id) else { return }
        deliver(.stop, to: owner, JSValueMakeNumber(engine.context, Double(id)))
        requests.endBody(id, now: now)
    }

    // MARK: Ends

    /// Forgets the request with everything that it began.
    func abandon(_ id: UInt64) {
        requests.abandon(id)
        bodies[id] = nil
        dropOrphanedCalls()
    }

    /// Tells the node that the calls of requests that are over concern nobody any more.
    func dropOrphanedCalls() {
        guard !calls.isEmpty else { return }
        for id in calls.orphans(requests.isKnown) {
            calls.end(id)
            bodies[id] = nil
            send(.stop(id: id))
        }
    }

    // MARK: Parts

    /// Request ids are even, call ids odd. Nil when nothing may run for it any more.
    private func owner(of id: UInt64) -> UInt64? {
        if id % 2 == 0 { return requests.isKnown(id) ? id : nil }
        return calls.owner(of: id)
    }

    private func deliver(
        _ entry: Engine.Entry, to owner: UInt64, _ first: JSValueRef?, _ second: JSValueRef? = nil,
        _ third: JSValueRef? = nil, _ fourth: JSValueRef? = nil
    ) {
        guard let engine, owner == 0 || requests.isAlive(owner, now: now) else { return }
        enter(owner, isFirst: false) { _ = engine.call(entry, first, second, third, fourth) }
    }

    private func pump(_ id: UInt64) {
        while var body = bodies[id] {
            // Taken out so that its bytes are not copied for the change.
            bodies[id] = nil
            let step = body.next()
            if step != .end { bodies[id] = body }
            switch step {
            case .part(let bytes): send(.data(id: id, bytes: bytes))
            case .wait: return
            case .end:
                send(.end(id: id))
                requests.endBody(id, now: now)
            }
        }
    }
}
