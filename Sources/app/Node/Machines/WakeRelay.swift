import Synchronization

/// Wakes machines as what is attached does: the table that asks is made before the keeper that can.
final class WakeRelay: Sendable {
    typealias Wake = @Sendable (MachineReplica, Duration) async throws -> MachineReplica

    private let body = Mutex<Wake?>(nil)

    func attach(_ body: @escaping Wake) { self.body.withLock { $0 = body } }

    func wake(_ replica: MachineReplica, _ patience: Duration) async throws -> MachineReplica {
        guard let body = body.withLock({ $0 }) else {
            throw MachineFailure(.notReady, "This node is still starting; try again")
        }
        return try await body(replica, patience)
    }
}
