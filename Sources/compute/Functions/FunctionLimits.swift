/// What one request, or one worker, of a function may use.
public struct FunctionLimits: Hashable, Sendable {
    /// CPU time that one request may use; 0 leaves only the wall limit.
    public var cpu: Duration
    /// Private memory of one worker in bytes.
    public var memoryBytes: Int

    /// Describes limits.
    public init(cpu: Duration, memoryBytes: Int) {
        self.cpu = cpu
        self.memoryBytes = memoryBytes
    }
}
