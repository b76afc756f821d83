import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Secrets
import SwiftProtobuf
import Wire

/// What an app's owner asks a node to do at all nodes that serve the app.
extension SecretKeeper {
    /// The nodes that serve an app, with their sealing keys and the lists that they have.
    nonisolated func report(of app: AppName) async -> SecretsReport {
        let nodes = ServingNodes.of(app, keeper.state)
        let answers = await withTaskGroup(of: SecretsReport.Node.self) { group in
            for node in nodes { group.addTask { await self.ask(node, app) } }
            return await group.reduce(into: [SecretsReport.Node]()) { $0.append($1) }
        }
        return SecretsReport(app: app.description, nodes: answers.sorted { $0.id < $1.id })
    }

    private nonisolated func ask(_ other: NodeID, _ app: AppName) async -> SecretsReport.Node {
        let request = PeerPBStatSecrets.with { $0.app = app.description }
        do {
            let isOwn = other == node
            let status = try await isOwn ? status(request, for: node) : peers.stat(other, request)
            return SecretsReport.Node(
                id: other.description, sealingKey: status.sealingKey,
                list: status.list.isEmpty ? nil : status.list, missing: Int(status.missing))
        } catch {
            return SecretsReport.Node(id: other.description, problem: "\(error)")
        }
    }

    /// Hands a list to all nodes that serve its app, each with the values that are sealed to it. What a node says that it
    /// keeps is durable there.
    ///
    /// - Parameter values: By node, in the list's order.
    nonisolated func spread(_ list: SecretList, _ values: [NodeID: [Data]]) async -> SecretsReceipt {
        let nodes = ServingNodes.of(list.app, keeper.state)
        let answers = await withTaskGroup(of: SecretsReceipt.Node.self) { group in
            for other in nodes { group.addTask { await self.hand(list, values[other] ?? [], to: other) } }
            return await group.reduce(into: [SecretsReceipt.Node]()) { $0.append($1) }
        }
        return SecretsReceipt(version: list.version, nodes: answers.sorted { $0.id < $1.id })
    }

    private nonisolated func hand(_ list: SecretList, _ values: [Data], to other: NodeID) async -> SecretsReceipt.Node {
        do {
            if other == node {
                try await take(list, values)
            } else {
                let message = PeerPBSecrets.with {
                    $0.list = list.encoded
                    $0.values = values
                }
                _ = try await peers.store(other, message)
            }
            return SecretsReceipt.Node(id: other.description)
        } catch {
            return SecretsReceipt.Node(id: other.description, problem: "\(error)")
        }
    }
}
