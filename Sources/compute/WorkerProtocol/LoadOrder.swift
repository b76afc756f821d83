/// What a worker runs, and with which limits.
public struct LoadOrder: Hashable, Sendable {
    /// The script, which evaluates to its exports, or a WebAssembly module.
    public var code: [UInt8]
    /// The script's name in stack traces, or the module's.
    public var fileName: String
    /// CPU time that one request may use; 0 for no limit in the engine.
    public var cpuLimitMilliseconds: UInt32
    /// The largest response body.
    public var maxResponseBodyBytes: UInt32
    /// Variables and bindings as JSON.
    public var environment: String

    /// Describes what to run.
    public init(
        code: [UInt8], fileName: String, cpuLimitMilliseconds: UInt32, maxResponseBodyBytes: UInt32,
        environment: String = "{}"
    ) {
        self.code = code
        self.fileName = fileName
        self.cpuLimitMilliseconds = cpuLimitMilliseconds
        self.maxResponseBodyBytes = maxResponseBodyBytes
        self.environment = environment
    }
}
