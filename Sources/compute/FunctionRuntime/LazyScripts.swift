import CJavaScriptCore
import CRuntimeScript

/// The scripts of the prelude that are evaluated at the first use of something of them.
enum LazyScripts {
    /// Puts `script(name)` on the bridge: it evaluates a script and returns its function.
    static func install(on bridge: JSObjectRef, in context: JSContextRef) {
        let name = ScriptText.make("script")
        defer { JSStringRelease(name) }
        let function = JSObjectMakeFunctionWithCallback(context, name) { context, _, _, count, arguments, exception in
            guard let context, count > 0, let value = arguments?[0] else { return JSValueMakeUndefined(context) }
            return LazyScripts.evaluate(ScriptText.text(of: value, in: context, limit: 256), in: context, exception)
        }
        JSObjectSetProperty(
            context, bridge, name, function, JSPropertyAttributes(kJSPropertyAttributeReadOnly), nil)
    }

    private static func evaluate(
        _ name: String, in context: JSContextRef, _ exception: UnsafeMutablePointer<JSValueRef?>?
    ) -> JSValueRef? {
        guard let script = skerry_lazy_script(name)?.pointee else { return JSValueMakeUndefined(context) }
        let source = ScriptText.make(UnsafeBufferPointer(start: script.bytes, count: script.length))
        let url = ScriptText.make("skerry:\(name)")
        defer {
            JSStringRelease(source)
            JSStringRelease(url)
        }
        return JSEvaluateScript(context, source, nil, url, 1, exception)
    }
}
