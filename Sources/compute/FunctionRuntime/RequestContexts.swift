import CJavaScriptCore
import WorkerProtocol

/// The contexts of requests that have one each, and what they are loaded with.
struct RequestContexts {
    /// How the load of the context at hand ended.
    enum LoadOutcome {
        case pending
        case loaded
        case failed(message: String, stack: String)
    }

    /// After so many contexts that went, what they left is collected. By itself the engine would wait for as much memory
    /// as a worker may have: it sees little of what a context holds.
    static let collectionInterval = 32

    let order: LoadOrder
    /// Contexts that went since the last collection.
    var dropped = 0
    var realms: [UInt64: Realm] = [:]
    /// Nil while none is being loaded.
    var loading: LoadOutcome?

    init(_ order: LoadOrder) { self.order = order }

    /// False when it is the main context that has been loaded.
    mutating func noteLoaded() -> Bool {
        guard loading != nil else { return false }
        loading = .loaded
        return true
    }

    mutating func noteFailure(_ message: String, _ stack: String) -> Bool {
        guard loading != nil else { return false }
        loading = .failed(message: message, stack: stack)
        return true
    }
}

extension Realm {
    /// Evaluates the code and hands its exports to the prelude, which says how that ended.
    func load(_ order: LoadOrder) -> ScriptException? {
        if ProgramCode.isModule(order.code) {
            _ = call(.load, ProgramCode.arguments(order, in: context))
            return nil
        }
        switch order.code.withUnsafeBufferPointer({ evaluate($0, name: order.fileName) }) {
        case .success(let exports):
            _ = call(.load, [exports, ScriptText.value(order.environment, in: context)])
            return nil
        case .failure(let exception): return exception
        }
    }
}

extension Worker {
    /// Where the code of a request runs; nil when its context is gone.
    func realm(of owner: UInt64) -> Realm? {
        guard owner != 0, let contexts else { return engine?.main }
        return contexts.realms[owner]
    }

    /// The context of a request that begins. Nil, and the request has failed, when it cannot be made.
    func makeRealm(for id: UInt64) -> Realm? {
        guard let engine else { return nil }
        guard let order = contexts?.order else { return engine.main }
        guard let realm = Realm(in: engine.group) else {
            fail(id, .exception, "the engine has no room for another context")
            return nil
        }
        contexts?.realms[id] = realm
        contexts?.loading = .pending
        var thrown: ScriptException?
        // The top level runs for this request, on its time.
        let isWithinLimit = enter(id, isFirst: true) { thrown = realm.load(order) }
        let outcome = contexts?.loading ?? .pending
        contexts?.loading = nil
        guard isWithinLimit else { return nil }
        if let thrown {
            log(id, .error, thrown.stack.isEmpty ? thrown.message : thrown.stack)
            fail(id, .exception, thrown.message)
            return nil
        }
        switch outcome {
        case .loaded: return realm
        case .failed(let message, let stack):
            log(id, .error, stack.isEmpty ? message : stack)
            fail(id, .exception, message)
        case .pending:
            fail(id, .exception, "with a context for each request, the module's top level must not wait")
        }
        return nil
    }

    /// Starts a timer of the script that runs in `context`; false when there are too many.
    func startTimer(_ id: Double, delay: UInt64, in context: JSContextRef?) -> Bool {
        timers.start(timerKey(id, context), owner: owner, dueTime: now &+ delay)
    }

    func stopTimer(_ id: Double, in context: JSContextRef?) { timers.stop(timerKey(id, context)) }

    private func timerKey(_ id: Double, _ context: JSContextRef?) -> TimerQueue.Key {
        guard let contexts, let context else { return TimerQueue.Key(realm: 0, id: id) }
        let global = JSContextGetGlobalContext(context)
        let realm = contexts.realms.first { $0.value.context == global }?.key
        return TimerQueue.Key(realm: realm ?? 0, id: id)
    }

    /// Lets the contexts of requests go that are over.
    func dropContexts() {
        guard let ended = contexts?.realms.keys.filter({ !requests.isKnown($0) }), !ended.isEmpty else { return }
        for id in ended {
            timers.stopAll(of: id)
            contexts?.realms[id] = nil
        }
        contexts?.dropped += ended.count
        guard let engine, contexts?.dropped ?? 0 >= RequestContexts.collectionInterval else { return }
        contexts?.dropped = 0
        JSSynchronousGarbageCollectForDebugging(engine.main.context)
    }
}
