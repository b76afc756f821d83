public import NIOCore

/// What a worker is loaded with.
public struct FunctionCode: Sendable {
    /// The script; it evaluates to its exports.
    public var script: ByteBuffer
    /// The script's name in stack traces.
    public var fileName: String
    /// Variables and bindings as JSON: `{"vars": {…}, "bindings": […], "node": "…", "compatibilityDate": "…"}`.
    public var environment: String
    /// What it may use; nil for the pool's settings.
    public var limits: FunctionLimits?

    /// Describes code.
    public init(
        script: ByteBuffer, fileName: String = "worker.js", environment: String = "{}", limits: FunctionLimits? = nil
    ) {
        self.script = script
        self.fileName = fileName
        self.environment = environment
        self.limits = limits
    }
}
