import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import NIOCore
import Peering
import Secrets
import SwiftProtobuf
import Wire

/// What other nodes get.
extension SecretKeeper {
    /// Apps in one answer at most: about 900 KiB.
    static let maxVersions = 8_192

    /// Answers requests about secrets; nil for all others.
    nonisolated func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        switch request.type {
        case .statSecrets, .readSecrets, .storeSecrets:
            eventLoop.makeFutureWithTask { () async throws -> PeerReply in
                do { return try await self.answer(request) } catch let error as SecretsError {
                    throw PeerError(.init(error.code.description), error.message)
                }
            }
        default: nil
        }
    }

    private func answer(_ request: PeerRequest) throws -> PeerReply {
        switch request.type {
        case .statSecrets:
            try PeerReply(.secretsStatus, status(try request.message(), for: request.peer))
        case .readSecrets:
            try PeerReply(.secrets, secrets(try request.message(), for: request.peer))
        default:
            try PeerReply(.secretsStored, store(try request.message()))
        }
    }

    /// What this node knows: names and versions, which are no secret among nodes, and never values.
    func status(_ request: PeerPBStatSecrets, for peer: NodeID) -> PeerPBSecretsStatus {
        var status = PeerPBSecretsStatus()
        status.sealingKey = key.statement.encoded
        if !request.app.isEmpty {
            guard let held = AppName(request.app).flatMap({ held($0) }) else { return status }
            status.list = held.list.encoded
            status.missing = UInt32(held.missing.count)
            return status
        }
        let state = keeper.state
        for app in book.apps {
            guard status.versions.count < SecretKeeper.maxVersions, let held = held(app),
                ServingNodes.of(app, state).contains(peer)
            else { continue }
            status.versions.append(
                PeerPBSecretsVersion.with {
                    $0.app = app.description
                    $0.version = held.list.version
                    $0.digest = Data(held.list.digest.bytes)
                })
        }
        return status
    }

    /// An app's secrets for a node that serves it.
    ///
    /// - Throws: ``SecretsError``.
    func secrets(_ request: PeerPBReadSecrets, for peer: NodeID) throws(SecretsError) -> PeerPBSecrets {
        guard let app = AppName(request.app), let held = held(app) else {
            throw SecretsError(.unknown, "Node \(node.short) has no secrets of that app")
        }
        let state = keeper.state
        guard state.isParticipating(peer), ServingNodes.of(app, state).contains(peer) else {
            throw SecretsError(.notServing, "Node \(peer.short) does not serve \(app), so it gets none of its secrets")
        }
        let statement = try SealingStatement(decoding: request.sealingKey, network: network)
        guard statement.node == peer else {
            throw SecretsError(.badSignature, "The sealing key is not that of the node that asks")
        }
        return PeerPBSecrets.with {
            $0.list = held.list.encoded
            $0.values = resealed(held, to: statement)
        }
    }

    /// Takes what another node hands over, whoever that is: the owner's signature counts.
    ///
    /// - Throws: ``SecretsError``.
    func store(_ message: PeerPBSecrets) throws(SecretsError) -> PeerPBSecretsStatus {
        let list = try SecretList(decoding: message.list, network: network)
        try take(list, message.values, isChange: message.change)
        var status = PeerPBSecretsStatus()
        status.sealingKey = key.statement.encoded
        status.list = list.encoded
        return status
    }

    /// The values sealed to another node; empty where they are not here.
    func resealed(_ held: SecretBook.Held, to statement: SealingStatement) -> [Data] {
        held.list.entries.map { entry in
            guard let sealed = held.values[entry.commitment],
                let secret = try? key.open(sealed, as: entry, of: held.list.app)
            else { return Data() }
            return (try? secret.sealed(of: held.list.app, network: network, to: statement)) ?? Data()
        }
    }
}
