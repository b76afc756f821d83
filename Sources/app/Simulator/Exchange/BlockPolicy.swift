/// What a way of dividing a blob among providers wants done. Providers are numbers from 0.
enum BlockAction: Equatable {
    case ask(Int, block: Int)
    case cancel(Int, block: Int)
    /// Nothing more is expected of the provider unless it answers again.
    case drop(Int)
}

/// A way of dividing a blob among providers.
protocol BlockPolicy {
    var isComplete: Bool { get }
    /// Blocks asked of a second provider while the first still had time.
    var hedges: Int { get }
    /// Called until it is nil after every event and every tick.
    mutating func next(at now: Duration) -> BlockAction?
    /// Bytes of a block that is not whole yet.
    mutating func onBytes(_ byteCount: Int, from provider: Int, at now: Duration)
    /// A whole block that is what it should be.
    mutating func onBlock(_ block: Int, from provider: Int, at now: Duration)
    /// A whole block that is something else; the provider must not be asked again.
    mutating func onWrongBlock(_ block: Int, from provider: Int, at now: Duration)
    /// A provider that was dropped answers: it runs.
    mutating func onAnswer(of provider: Int, at now: Duration)
    /// The reader waits for this block.
    mutating func want(_ block: Int)
}
