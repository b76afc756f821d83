import Synchronization

/// Names a request, so that it can be cancelled: see ``PeerConnection/cancel(_:)``.
public struct RequestLabel: Hashable, Sendable {
    private let owner: UInt64
    private let item: Int

    /// - Parameters:
    ///   - owner: From ``newOwner()``.
    ///   - item: Tells the owner's requests on one connection apart.
    public init(owner: UInt64, item: Int) {
        self.owner = owner
        self.item = item
    }

    private static let lastOwner = Atomic<UInt64>(0)

    /// A number that no other part of the process uses.
    public static func newOwner() -> UInt64 { lastOwner.wrappingAdd(1, ordering: .relaxed).newValue }
}
