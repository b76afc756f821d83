import Identity
import NIOCore
import Peering
import Wire

/// What a node asks other nodes about secrets.
struct SecretPeers: Sendable {
    /// How long an answer may take.
    static let patience = TimeAmount.seconds(5)

    var stat: @Sendable (NodeID, PeerPBStatSecrets) async throws -> PeerPBSecretsStatus
    var read: @Sendable (NodeID, PeerPBReadSecrets) async throws -> PeerPBSecrets
    var store: @Sendable (NodeID, PeerPBSecrets) async throws -> PeerPBSecretsStatus
}

extension SecretPeers {
    /// Asks over the authenticated connections of `peers`.
    init(_ peers: PeerNetwork) {
        stat = { node, request in
            try await peers.connection(to: node).call(
                .statSecrets, request, expecting: .secretsStatus, timeout: SecretPeers.patience)
        }
        read = { node, request in
            try await peers.connection(to: node).call(
                .readSecrets, request, expecting: .secrets, timeout: SecretPeers.patience)
        }
        store = { node, request in
            try await peers.connection(to: node).call(
                .storeSecrets, request, expecting: .secretsStored, timeout: SecretPeers.patience)
        }
    }
}
