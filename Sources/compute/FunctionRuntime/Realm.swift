import CJavaScriptCore
import CRuntimeScript

/// One context with its own globals, and the functions of its prelude that the worker calls.
///
/// Only the engine's thread may use it. It is gone with its last reference.
final class Realm {
    /// What a call into the engine led to.
    enum Outcome {
        case returned
        case threw(JSValueRef)
    }

    /// The functions that the prelude leaves on its bridge.
    enum Entry: String, CaseIterable {
        case load, dispatch, fireTimer, dropTimer, cancel, rejected, drive, warm
        case result, callFailed, data, end, broken, credit, stop
    }

    let context: JSGlobalContextRef
    private let bridge: JSObjectRef
    private var entries: [Entry: JSObjectRef] = [:]

    /// Makes a context and evaluates the prelude; nil when either fails.
    init?(in group: JSContextGroupRef) {
        guard let context = JSGlobalContextCreateInGroup(group, nil) else { return nil }
        guard let bridge = JSObjectMake(context, nil, nil) else {
            JSGlobalContextRelease(context)
            return nil
        }
        self.context = context
        self.bridge = bridge
        // Values that only Swift memory refers to are invisible to the collector.
        JSValueProtect(context, bridge)
        HostFunctions.install(on: bridge, in: context)
        LazyScripts.install(on: bridge, in: context)
        guard evaluatePrelude(), collectEntries() else { return nil }
    }

    deinit {
        for function in entries.values { JSValueUnprotect(context, function) }
        JSValueUnprotect(context, bridge)
        JSGlobalContextRelease(context)
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

    /// Calls a function of the prelude.
    func call(_ entry: Entry, _ arguments: [JSValueRef?]) -> Outcome {
        var exception: JSValueRef?
        _ = JSObjectCallAsFunction(context, entries[entry], nil, arguments.count, arguments, &exception)
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
            let arguments: [JSValueRef?] = [bridge]
            _ = JSObjectCallAsFunction(context, function, nil, 1, arguments, &exception)
            if exception != nil { return false }
        }
        return true
    }

    private func collectEntries() -> Bool {
        for entry in Entry.allCases {
            let name = ScriptText.make(entry.rawValue)
            defer { JSStringRelease(name) }
            guard let value = JSObjectGetProperty(context, bridge, name, nil),
                let function = JSValueToObject(context, value, nil), JSObjectIsFunction(context, function)
            else { return false }
            JSValueProtect(context, function)
            entries[entry] = function
        }
        JSGlobalContextSetUnhandledRejectionCallback(context, entries[.rejected], nil)
        return true
    }
}
