import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Peering
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
    /// The first of them that answers decides between two changes of one moment: that it refuses goes to no other.
    ///
    /// - Parameter values: By node, in the list's order.
    /// - Throws: ``SecretsError`` `.stale` if the list does not follow on the one that is there.
    nonisolated func spread(
        _ list: SecretList, _ values: [NodeID: [Data]]
    ) async throws(SecretsError) -> SecretsReceipt {
        var rest = ServingNodes.of(list.app, keeper.state)
        var answers: [SecretsReceipt.Node] = []
        while let first = rest.first, answers.allSatisfy({ $0.problem != nil }) {
            rest.removeFirst()
            answers.append(try await propose(list, values[first] ?? [], to: first))
        }
        let others = await withTaskGroup(of: SecretsReceipt.Node.self) { [rest] group in
            for other in rest {
                group.addTask {
                    do { try await self.hand(list, values[other] ?? [], to: other, isChange: false) } catch {
                        return SecretsReceipt.Node(id: other.description, problem: "\(error)")
                    }
                    return SecretsReceipt.Node(id: other.description)
                }
            }
            return await group.reduce(into: [SecretsReceipt.Node]()) { $0.append($1) }
        }
        return SecretsReceipt(version: list.version, nodes: (answers + others).sorted { $0.id < $1.id })
    }

    private nonisolated func propose(
        _ list: SecretList, _ values: [Data], to first: NodeID
    ) async throws(SecretsError) -> SecretsReceipt.Node {
        do {
            try await hand(list, values, to: first, isChange: true)
            return SecretsReceipt.Node(id: first.description)
        } catch {
            let stale = SecretsError.Code.stale
            if let error = error as? SecretsError, error.code == stale { throw error }
            if let error = error as? PeerError, error.code.description == stale.description {
                throw SecretsError(stale, error.message)
            }
            return SecretsReceipt.Node(id: first.description, problem: "\(error)")
        }
    }

    private nonisolated func hand(
        _ list: SecretList, _ values: [Data], to other: NodeID, isChange: Bool
    ) async throws {
        if other == node {
            try await take(list, values, isChange: isChange)
            return
        }
        let message = PeerPBSecrets.with {
            $0.list = list.encoded
            $0.values = values
            $0.change = isChange
        }
        _ = try await peers.store(other, message)
    }
}
