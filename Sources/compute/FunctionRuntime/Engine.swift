import CJavaScriptCore
import CRuntimeScript

/// One virtual machine with one context, and the functions of the prelude that the worker calls.
///
/// Only the thread that made it may use it.
final class Engine {
    /// What a call into the engine led to.
    enum Outcome {
        case returned
        case threw(JSValueRef)
    }

    let group: JSContextGroupRef
    let context: JSGlobalContextRef
    let mainContext: OpaquePointer
    private let bridge: JSObjectRef

    /// The functions that the prelude leaves on its bridge.
    enum Entry: Int {
        case load, dispatch, fireTimer, dropTimer, cancel, drop, rejected, drive, warm
        case result, callFailed, data, end, broken, credit, stop

        /// In the order of the cases. Asking the language for them takes longer than compiling the functions.
        static let names = [
            "load", "dispatch", "fireTimer", "dropTimer", "cancel", "drop", "rejected", "drive", "warm",
            "result", "callFailed", "data", "end", "broken", "credit", "stop",
        ]
    }
    /// By the entries' raw values; each is protected.
    private var entries: [JSObjectRef] = []

    /// Starts the engine and evaluates the prelude; nil when either fails.
    init?() {
        // With the C API alone the collector's timer outlives its context and crashes the process; collections
        // are triggered by allocation all the same.
        JSDisableGCTimer()
        guard let mainContext = g_main_context_new() else { return nil }
        g_main_context_push_thread_default(mainContext)
        _ = g_main_context_acquire(mainContext)
        guard let group = JSContextGroupCreate(), let context = JSGlobalContextCreateInGroup(group, nil),
            let bridge = JSObjectMake(context, nil, nil)
        else { return nil }
        self.mainContext = mainContext
        self.group = group
        self.context = context
        self.bridge = bridge
        // Values that only Swift memory refers to are invisible to the collector.
        JSValueProtect(context, bridge)
        // Makes the watchdog's thread now: it could not read what it needs once the process is sealed.
        limitEntries(nanoseconds: 3_600_000_000_000)
        HostFunctions.install(on: bridge, in: context)
        LazyScripts.install(on: bridge, in: context)
        guard evaluatePrelude(), collectEntries(), warm() else { return nil }
        // Otherwise the first request would wait for the collection that what was made until now brings about, and
        // without running all once more for the sweeping that follows it.
        JSSynchronousGarbageCollectForDebugging(context)
        guard warm() else { return nil }
    }

    /// Runs once what loading code and a first request run. Nothing of it stays.
    private func warm() -> Bool {
        let code: StaticString = """
            (async function () { 'use strict'; const handler = { fetch() {} };
            return { __proto__: null, get ["default"]() { return handler; } };
            }).call(undefined)
            """
        let source = UnsafeBufferPointer(start: code.utf8Start, count: code.utf8CodeUnitCount)
        guard case .success(let exports) = evaluate(source, name: "warm.js") else { return false }
        // Nobody waits for code yet, so nobody hears that it is loaded.
        guard case .returned = call(.load, exports, ScriptText.value("{}", in: context)) else { return false }
        if case .returned = call(.warm) { return true }
        return false
    }

    /// Sets the CPU time of one outermost entry.
    func limitEntries(nanoseconds: UInt64) {
        JSContextGroupSetExecutionTimeLimit(
            group, Double(nanoseconds) / 1e9, { _, _ in HostFunctions.entryWasTerminated() }, nil)
    }

    /// After an entry that was stopped. Where that was in what follows a call, in a microtask, nobody has caught what stopped
    /// it: the next call of whoever would fail with it, or end the process. A conversion runs no script and takes it.
    func takeBackTermination() {
        var exception: JSValueRef?
        _ = JSValueToNumber(context, JSValueMakeNumber(context, 0), &exception)
    }

    /// Evaluates a script and returns its value.
    func evaluate(_ source: UnsafeBufferPointer<UInt8>, name: String) -> Result<JSValueRef, ScriptException> {
        let script = ScriptText.make(source)
        let url = ScriptText.make(name)
        defer {
            JSStringRelease(script)
            JSStringRelease(url)
        }
        var exception: JSValueRef?
        if let value = JSEvaluateScript(context, script, nil, url, 1, &exception), exception == nil {
            return .success(value)
        }
        return .failure(ScriptException(exception, in: context))
    }

    /// Calls a function of the prelude with the values up to the first nil.
    ///
    /// Values are never gathered in an array or an object of Swift's: the collector does not see them there.
    func call(
        _ entry: Entry, _ first: JSValueRef? = nil, _ second: JSValueRef? = nil, _ third: JSValueRef? = nil,
        _ fourth: JSValueRef? = nil
    ) -> Outcome {
        let count = first == nil ? 0 : second == nil ? 1 : third == nil ? 2 : fourth == nil ? 3 : 4
        var exception: JSValueRef?
        _ = SkerryCall(context, entries[entry.rawValue], count, first, second, third, fourth, &exception)
        if let exception { return .threw(exception) }
        return .returned
    }

    private func evaluatePrelude() -> Bool {
        for index in 0..<skerry_script_count() {
            guard let script = skerry_script_at(index)?.pointee else { return false }
            let source = UnsafeBufferPointer(start: script.bytes, count: script.length)
            guard case .success(let value) = evaluate(source, name: "skerry:\(String(cString: script.name))"),
                let function = JSValueToObject(context, value, nil)
            else { return false }
            var exception: JSValueRef?
            _ = SkerryCall(context, function, 1, bridge, nil, nil, nil, &exception)
            if exception != nil { return false }
        }
        return true
    }

    private func collectEntries() -> Bool {
        for name in Entry.names {
            let name = ScriptText.make(name)
            defer { JSStringRelease(name) }
            guard let value = JSObjectGetProperty(context, bridge, name, nil),
                let function = JSValueToObject(context, value, nil), JSObjectIsFunction(context, function)
            else { return false }
            JSValueProtect(context, function)
            entries.append(function)
        }
        JSGlobalContextSetUnhandledRejectionCallback(context, entries[Entry.rejected.rawValue], nil)
        return true
    }
}
