import Blake3
import Identity
import NIOConcurrencyHelpers

/// What the TLS handshake found out about the other side. Written by the verification callback, read by the handler.
final class PeerIdentity: Sendable {
    private struct Known {
        var node: NodeID
        var isProven = false
        var refusal: PeerError?
        var refused: NodeID?
    }

    private let known: NIOLockedValueBox<Known>

    /// - Parameter expected: Who is dialled; nil on the accepting side.
    init(expected: NodeID?) {
        known = .init(Known(node: expected ?? NodeID(Digest(unsafeUninitialized: { _ in }))))
    }

    var node: NodeID { known.withLockedValue(\.node) }

    /// Whether the other side has shown its certificate in this handshake, and it was accepted.
    var isProven: Bool { known.withLockedValue(\.isProven) }

    /// Why this side refused the other's key; nil if it did not.
    var refusal: PeerError? { known.withLockedValue(\.refusal) }

    /// Whose key this side refused; nil if it refused none.
    var refused: NodeID? { known.withLockedValue(\.refused) }

    func accept(_ node: NodeID) {
        known.withLockedValue { known in
            known.node = node
            known.isProven = true
        }
    }

    func refuse(_ node: NodeID, _ error: PeerError) {
        known.withLockedValue { known in
            known.refused = node
            known.refusal = error
        }
    }
}
