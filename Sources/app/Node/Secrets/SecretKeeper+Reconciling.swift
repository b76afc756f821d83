import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Secrets
import SwiftProtobuf
import Wire

/// What nodes do by themselves so that those that serve an app have its secrets.
extension SecretKeeper {
    /// Looks at the other nodes after an entry, if it changed who serves what.
    func reconcileIfMoved() async {
        if hasMoved(keeper.state) { _ = await reconcile() }
    }

    /// Fetches what other nodes have newer, and hands over what this node need not keep any more.
    ///
    /// - Returns: Whether all nodes that have to do with it answered.
    func reconcile() async -> Bool {
        let state = keeper.state
        _ = hasMoved(state)
        var isComplete = true
        for app in book.apps {
            guard held(app) != nil else {
                forget(app)
                continue
            }
            if !ServingNodes.of(app, state).contains(node), await !handOver(app) { isComplete = false }
        }
        let asked = await withTaskGroup(of: (NodeID, [PeerPBSecretsVersion]?).self) { group in
            for other in partners(state) {
                group.addTask {
                    (other, try? await self.peers.stat(other, PeerPBStatSecrets()).versions)
                }
            }
            var answers: [(NodeID, [PeerPBSecretsVersion]?)] = []
            for await answer in group { answers.append(answer) }
            return answers
        }
        for (other, versions) in asked {
            guard let versions else {
                isComplete = false
                continue
            }
            for version in versions.prefix(SecretKeeper.maxVersions) where isWanted(version) {
                if let app = AppName(version.app) { await fetch(app, from: other) }
            }
        }
        return isComplete
    }

    /// The nodes that serve at least one app that this node serves too.
    private func partners(_ state: LedgerState) -> Set<NodeID> {
        var partners: Set<NodeID> = []
        for record in state.names {
            let serving = ServingNodes.of(record.name, state)
            if serving.contains(node) { partners.formUnion(serving) }
        }
        partners.remove(node)
        return partners
    }

    /// Whether another node has what this one should have.
    private func isWanted(_ version: PeerPBSecretsVersion) -> Bool {
        guard let app = AppName(version.app), ServingNodes.of(app, keeper.state).contains(node) else { return false }
        guard let held = held(app) else { return true }
        return version.version > held.list.version || !held.missing.isEmpty
            || version.version == held.list.version && version.digest != Data(held.list.digest.bytes)
    }

    /// Gives an app's secrets to the nodes that serve it now, and forgets them when all of these have them.
    ///
    /// - Returns: Whether all have.
    private func handOver(_ app: AppName) async -> Bool {
        for other in ServingNodes.of(app, keeper.state) {
            do {
                let status = try await peers.stat(other, PeerPBStatSecrets.with { $0.app = app.description })
                guard let held = held(app) else { return true }
                let known = try? SecretList(decoding: status.list, network: network)
                if let known, known.owner == held.list.owner, !held.list.isNewer(than: known) { continue }
                let statement = try SealingStatement(decoding: status.sealingKey, network: network)
                guard statement.node == other else { return false }
                let message = PeerPBSecrets.with {
                    $0.list = held.list.encoded
                    $0.values = resealed(held, to: statement)
                }
                _ = try await peers.store(other, message)
            } catch {
                logger.debug(
                    "secrets cannot be handed over yet",
                    metadata: ["app": "\(app)", "node": "\(other)", "error": "\(error)"])
                return false
            }
        }
        // The ledger may have moved while the others were asked.
        if !ServingNodes.of(app, keeper.state).contains(node) { forget(app) }
        return true
    }
}
