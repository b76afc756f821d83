public import Foundation
public import Identity

/// What a transaction asks for.
public enum LedgerAction: Hashable, Sendable {
    /// The signing account brings in a node that it operates. `possessionProof` is the node key's signature made by
    /// ``NodePossession``, so that nobody registers a key of somebody else.
    case registerNode(publicKey: PublicKey, peer: Endpoint, gateway: Endpoint?, possessionProof: Data)

    /// The node itself or its operator replaces both of its endpoints.
    case updateNode(NodeID, peer: Endpoint, gateway: Endpoint?)

    /// The signing account becomes the owner of a name that has none.
    case claimName(AppName)

    /// The owner gives a name away. Its releases and the live one stay.
    case transferName(AppName, to: AccountID)

    /// The owner adds a release to a name; it is not live until it is promoted.
    case publishRelease(AppName, NewRelease)

    /// The owner makes a release of the name live.
    case promoteRelease(AppName, ReleaseID)

    /// The owner goes back to `to`, or else to the release that was live before the present one. Repeated, it goes
    /// back further.
    case rollBack(AppName, to: ReleaseID?)
}
