/// Where a change stands among all changes of its app: of two changes of one key, the greater one counts.
///
/// The clock is a hybrid one (Kulkarni et al., 2014): microseconds since 1970, but always later than every change that the
/// writer knew. So a change that was made with knowledge of another is the greater one however clocks run, and the order of
/// changes that knew nothing of each other is that of their writers' clocks.
public struct KVStamp: Hashable, Sendable, Comparable {
    /// Microseconds since 1970, 1 and above. A writer gives each of its changes in an app a later one.
    public var clock: Int64
    /// Which store made the change; decides between equal clocks.
    public var writer: Int64

    /// Any stamp.
    public init(clock: Int64, writer: Int64) {
        self.clock = clock
        self.writer = writer
    }

    /// Earlier clock, then smaller writer.
    public static func < (left: KVStamp, right: KVStamp) -> Bool {
        (left.clock, left.writer) < (right.clock, right.writer)
    }

    /// The clock of a change that comes after `last`.
    static func clock(after last: Int64, wallMilliseconds: Int64) -> Int64 {
        let wall = min(max(wallMilliseconds, 0), Int64.max / 1_000) * 1_000
        return max(last == .max ? last : last + 1, wall, 1)
    }
}

/// All changes of one writer in one app behind a clock, up to another.
public struct KVSpan: Hashable, Sendable {
    /// Whose changes.
    public var writer: Int64
    /// Before the first of them; 0 for the beginning.
    public var from: Int64
    /// The last of them; not before `from`.
    public var to: Int64

    /// Any span.
    public init(writer: Int64, from: Int64, to: Int64) {
        self.writer = writer
        self.from = from
        self.to = to
    }
}

/// What a store has seen of an app: of each writer, everything up to a clock (a version vector, Parker et al., 1983).
public struct KVVector: Hashable, Sendable {
    /// The clocks by writer, 1 and above.
    public private(set) var clocks: [Int64: Int64] = [:]

    /// Nothing was seen.
    public init() {}

    /// Clocks by writer; those below 1 mean nothing.
    public init(_ clocks: [Int64: Int64]) { self.clocks = clocks.filter { $0.value > 0 } }

    /// The last clock of a writer; 0 if nothing of it was seen.
    public subscript(writer: Int64) -> Int64 { clocks[writer] ?? 0 }

    /// The writers, in ascending order.
    public var writers: [Int64] { clocks.keys.sorted() }

    /// Whether the change, or one that took its place, was seen.
    public func covers(_ stamp: KVStamp) -> Bool { stamp.clock <= self[stamp.writer] }

    /// Whether the other store saw something that this one did not.
    public func isBehind(_ other: KVVector) -> Bool { other.clocks.contains { $0.value > self[$0.key] } }

    /// Notes that the changes of a span were seen.
    ///
    /// - Returns: False if there is a gap before them: then nothing is noted.
    @discardableResult
    public mutating func take(_ span: KVSpan) -> Bool {
        guard self[span.writer] >= span.from else { return false }
        if span.to > self[span.writer] { clocks[span.writer] = span.to }
        return true
    }
}
