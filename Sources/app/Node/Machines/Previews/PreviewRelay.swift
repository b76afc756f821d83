import Synchronization

/// Starts previews as what is attached does: the table that asks is made before those that can.
final class PreviewRelay: Sendable {
    typealias Start = @Sendable (_ app: String, _ release: String, Duration) async throws -> MachineReplica

    private let body = Mutex<Start?>(nil)

    func attach(_ body: @escaping Start) { self.body.withLock { $0 = body } }

    func start(_ app: String, _ release: String, _ patience: Duration) async throws -> MachineReplica {
        guard let body = body.withLock({ $0 }) else {
            throw MachineFailure(.notReady, "This node is still starting; try again")
        }
        return try await body(app, release, patience)
    }
}
