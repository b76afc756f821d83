import CJavaScriptCore
import WorkerProtocol

/// What a script threw, as text.
struct ScriptException: Error {
    let message: String
    let stack: String

    /// Describes a thrown value; nil stands for an entry that was stopped.
    init(_ value: JSValueRef?, in context: JSContextRef) {
        let limit = WireLimits.maxTextBytes
        guard let value else {
            message = "the script was stopped"
            stack = ""
            return
        }
        message = ScriptText.text(of: value, in: context, limit: limit)
        var description = message
        if let object = JSValueToObject(context, value, nil) {
            let position = ["sourceURL", "line", "column"].map { Self.property($0, of: object, in: context) }
            if !position[1].isEmpty { description += "\n\(position.joined(separator: ":"))" }
            description += "\n\(Self.property("stack", of: object, in: context))"
        }
        stack = String(description.prefix(limit / 4))
    }

    private static func property(_ name: String, of object: JSObjectRef, in context: JSContextRef) -> String {
        let key = ScriptText.make(name)
        defer { JSStringRelease(key) }
        guard let value = JSObjectGetProperty(context, object, key, nil), !JSValueIsUndefined(context, value) else {
            return ""
        }
        return ScriptText.text(of: value, in: context, limit: WireLimits.maxTextBytes / 4)
    }
}
