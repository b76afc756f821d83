import Client
import ControlModel
import Foundation
import Identity
import Synchronization

/// Looks at where a node gets the blocks of a blob from, while somebody downloads it there.
final class FetchWatch: Sendable {
    private static let interval = Duration.milliseconds(200)
    /// Nodes that the progress line has room for.
    private static let shownNodes = 4

    private let id: BlobID
    private let client: NodeClient
    private let last = Mutex<FetchInfo?>(nil)

    init(id: BlobID, client: NodeClient) {
        self.id = id
        self.client = client
    }

    /// Reports until cancelled; a node that stores the blob already has nothing to say.
    func follow(_ show: @Sendable (String) -> Void) async {
        while !Task.isCancelled {
            if let info = try? await client.fetch(of: id) {
                last.withLock { $0 = info }
                show(FetchWatch.line(info))
            }
            guard (try? await Task.sleep(for: FetchWatch.interval)) != nil else { return }
        }
    }

    /// What the last look saw, for the line at the end; empty if the node had the blob already.
    func summary() -> String {
        guard let info = last.withLock({ $0 }) else { return "" }
        let used = info.providers.filter { $0.bytes > 0 }
        let banned = info.providers.count { $0.state == "banned" }
        let refused = banned > 0 ? "; \(banned) sent damaged blocks and \(banned == 1 ? "was" : "were") dropped" : ""
        return "; the node fetched it from \(used.count) \(used.count == 1 ? "node" : "nodes")\(refused)"
    }

    private static func line(_ info: FetchInfo) -> String {
        let active = info.providers.filter { $0.state == "active" }.sorted { $0.bytesPerSecond > $1.bytesPerSecond }
        if active.isEmpty { return "" }
        let rates = active.prefix(shownNodes).map { provider in
            "\(provider.node.prefix(6)) \(Human.bytes(Int(max(0, min(provider.bytesPerSecond, 1e15)))))/s"
        }
        let more = active.count > shownNodes ? " +\(active.count - shownNodes)" : ""
        return "  ← \(rates.joined(separator: " · "))\(more)"
    }
}
