import Foundation
import Logging
import Synchronization

/// Tells that a key may have changed: whenever etcd says so, whenever the watch had to be renewed, and now and then.
///
/// A hint is never missed for longer than ``EtcdCluster/pollInterval``, whatever becomes of watches, so nobody needs to
/// know at which revision a watch began, and a compaction cannot leave a gap.
enum KeyHints {
    private static let firstPause = Duration.milliseconds(50)
    private static let maxPause = Duration.seconds(2)

    /// Until cancelled. The first hint comes at once.
    static func run(_ client: EtcdClient, key: Data, onHint: @escaping @Sendable () -> Void) async {
        onHint()
        await withDiscardingTaskGroup { group in
            group.addTask { await watch(client, key, onHint) }
            group.addTask {
                while (try? await Task.sleep(for: client.cluster.pollInterval)) != nil { onHint() }
            }
        }
    }

    private static func watch(_ client: EtcdClient, _ key: Data, _ onHint: @escaping @Sendable () -> Void) async {
        var pause = firstPause
        while !Task.isCancelled {
            let hints = Mutex(0)
            do {
                try await client.watch(key) {
                    hints.withLock { $0 &+= 1 }
                    onHint()
                }
            } catch {
                client.logger.debug("a watch in etcd broke", metadata: ["error": "\(error)"])
            }
            // A watch that worked is renewed soon, one that never began later and later.
            pause = hints.withLock { $0 } > 0 ? firstPause : min(pause * 2, maxPause)
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            onHint()
        }
    }
}
