public import NIOCore

/// What a worker is loaded with.
public struct FunctionCode: Sendable {
    /// A script, which evaluates to its exports, or what ``WasiProgram`` makes of a module.
    public var script: ByteBuffer
    /// The script's name in stack traces, or the program's name.
    public var fileName: String
    /// Variables and bindings as JSON, without secrets: `{"vars": {…}, "bindings": […], "node": "…", "compatibilityDate": "…"}`.
    public var environment: String
    /// What the worker gets in place of ``environment`` where the function has secrets: the same with their values. Nothing
    /// may log, keep or show it.
    public var secretEnvironment: String?
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
