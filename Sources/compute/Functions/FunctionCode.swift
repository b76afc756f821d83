public import NIOCore

/// What a worker is loaded with.
public struct FunctionCode: Sendable {
    /// The script; it evaluates to its exports.
    public var script: ByteBuffer
    /// The script's name in stack traces.
    public var fileName: String
    /// Variables and bindings as JSON: `{"vars": {…}, "bindings": […], "node": "…", "compatibilityDate": "…"}`.
    public var environment: String

    /// Describes code.
    public init(script: ByteBuffer, fileName: String = "worker.js", environment: String = "{}") {
        self.script = script
        self.fileName = fileName
        self.environment = environment
    }
}
