/// What a prover may use of the machine.
public struct ProverOptions: Sendable {
    /// Threads that compute, 1 to 256; values outside are clamped. Default: 2.
    public var threads: Int
    /// Niceness of those threads, 0 to 19: with more than 0 they give way to others. Default: 0.
    ///
    /// On Linux each thread has its own; elsewhere it is ignored.
    public var niceness: Int
    /// Where buffers come from and go back to. Default: an arena for this proof alone.
    ///
    /// A prover that makes one proof after the other is faster with an arena that it keeps, which holds the memory of the
    /// largest proof meanwhile.
    public var arena: ProverArena?
    /// For progress and cancellation. Default: none.
    public var control: ProverControl?

    public init(
        threads: Int = 2, niceness: Int = 0, arena: ProverArena? = nil, control: ProverControl? = nil
    ) {
        self.threads = threads
        self.niceness = niceness
        self.arena = arena
        self.control = control
    }
}
