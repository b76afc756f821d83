import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// What a node asks other nodes about certificates.
struct CertificatePeers: Sendable {
    /// How long an answer may take.
    static let patience = TimeAmount.seconds(5)
    /// How long a signature may take, for which a visitor waits.
    static let signingPatience = TimeAmount.seconds(3)

    /// The other node's sealing key.
    var sealingKey: @Sendable (NodeID) async throws -> PeerPBSecretsStatus
    var read: @Sendable (NodeID, PeerPBReadCertificate) async throws -> PeerPBSealedCertificate
    var store: @Sendable (NodeID, PeerPBSealedCertificate) async throws -> PeerPBCertificateDone
    var sign: @Sendable (NodeID, PeerPBSignHandshake) async throws -> PeerPBHandshakeSignature
    var challenge: @Sendable (NodeID, PeerPBChallenge) async throws -> PeerPBCertificateDone
}

extension CertificatePeers {
    /// Asks over the authenticated connections of `peers`.
    init(_ peers: PeerNetwork) {
        sealingKey = { node in
            try await peers.connection(to: node).call(
                .statSecrets, PeerPBStatSecrets.with { $0.app = "-" }, expecting: .secretsStatus,
                timeout: CertificatePeers.patience)
        }
        read = { node, request in
            try await peers.connection(to: node).call(
                .readCertificate, request, expecting: .certificate, timeout: CertificatePeers.patience)
        }
        store = { node, request in
            try await peers.connection(to: node).call(
                .storeCertificate, request, expecting: .certificateStored, timeout: CertificatePeers.patience)
        }
        sign = { node, request in
            try await peers.connection(to: node).call(
                .signHandshake, request, expecting: .handshakeSignature, timeout: CertificatePeers.signingPatience)
        }
        challenge = { node, request in
            try await peers.connection(to: node).call(
                .setChallenge, request, expecting: .challengeSet, timeout: CertificatePeers.patience)
        }
    }
}
