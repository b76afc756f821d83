import ControlModel
import Synchronization

/// Asks a node once who it is: signed requests name the node that they are for.
final class RememberedStatus: Sendable {
    private let known = Mutex<NodeStatus?>(nil)

    func value(_ client: NodeClient) async throws -> NodeStatus {
        if let status = known.withLock({ $0 }) { return status }
        let status = try await client.status()
        known.withLock { $0 = status }
        return status
    }
}
