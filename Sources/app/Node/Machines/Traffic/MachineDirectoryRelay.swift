import Synchronization

/// Where machines are, as what is attached says: those who ask are made before those who know. Before, there are none.
final class MachineDirectoryRelay: MachineDirectory {
    private let directory = Mutex<(any MachineDirectory)?>(nil)

    private var current: (any MachineDirectory)? { directory.withLock { $0 } }

    func attach(_ directory: any MachineDirectory) { self.directory.withLock { $0 = directory } }

    func healthy(_ app: String, release: String?) -> [MachineReplica] { current?.healthy(app, release: release) ?? [] }

    func hasMachines(_ app: String) -> Bool { current?.hasMachines(app) ?? false }

    func address(_ app: String, slot: UInt32, port: String?, _ transport: MachineReplica.Transport) -> MachineAddress? {
        current?.address(app, slot: slot, port: port, transport)
    }

    func wake(_ app: String, release: String?, within: Duration) async throws -> MachineReplica {
        guard let current else { throw MachineFailure(.noMachine, "This node knows of no machines yet") }
        return try await current.wake(app, release: release, within: within)
    }

    func stir(_ app: String, release: String) { current?.stir(app, release: release) }

    func began(_ replica: MachineReplica) { current?.began(replica) }
    func ended(_ replica: MachineReplica) { current?.ended(replica) }
    func entered(_ app: String, slot: UInt32, release: String) { current?.entered(app, slot: slot, release: release) }
    func left(_ app: String, slot: UInt32, release: String) { current?.left(app, slot: slot, release: release) }
}
