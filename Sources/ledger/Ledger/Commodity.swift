/// What a channel pays for.
public enum Commodity: String, Hashable, Sendable, Comparable, CaseIterable {
    /// Bytes delivered, in units of 128 KiB.
    case bytes
    /// Computation, in units of gas.
    case compute

    /// The number in a state row and in messages; never reused.
    var code: UInt8 {
        switch self {
        case .bytes: 1
        case .compute: 2
        }
    }

    public static func < (left: Commodity, right: Commodity) -> Bool { left.code < right.code }
}
