public import Stark

/// What one channel settles: `to` is `steps` links newer than `from`, which is the anchor or the link settled last.
public struct AckClaim: Hashable, Sendable {
    /// The settled link.
    public let from: PoseidonLink
    /// The newer link: h applied `steps` times to it gives `from`.
    public let to: PoseidonLink
    /// Units that were acknowledged between the two, at least 1.
    public let steps: UInt64

    public init(from: PoseidonLink, to: PoseidonLink, steps: UInt64) {
        self.from = from
        self.to = to
        self.steps = steps
    }
}
