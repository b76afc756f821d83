import Machines

/// The containers of a host that cannot run any, or may not.
struct UnableHost: MachineControl {
    /// Why not.
    let reason: String

    private var failure: MachineError { MachineError(.hostUnable, reason) }

    func create(_ spec: MachineSpec, image: MachineImage) async throws(MachineError) { throw failure }
    func change(_ spec: MachineSpec, image: MachineImage) async throws(MachineError) { throw failure }
    func start(_ id: MachineID) async throws(MachineError) { throw failure }
    func waitUntilHealthy(_ id: MachineID, timeout: Duration) async throws(MachineError) { throw failure }
    func stop(_ id: MachineID) async throws(MachineError) { throw failure }
    func restart(_ id: MachineID) async throws(MachineError) { throw failure }
    func destroy(_ id: MachineID) async throws(MachineError) {}
    func status(_ id: MachineID) async throws(MachineError) -> MachineStatus { throw failure }
    func list() async -> [MachineStatus] { [] }
    func usage(_ id: MachineID) async throws(MachineError) -> MachineUsage? { throw failure }
    func events(_ id: MachineID, after sequence: Int) async throws(MachineError) -> [MachineEvent] { throw failure }
    func logs(_ id: MachineID, tail: Int, follow: Bool) async throws(MachineError) -> AsyncStream<MachineLogLine> {
        throw failure
    }
    func lines(_ id: MachineID, after time: Int64, limit: Int) async throws(MachineError) -> [MachineLogLine] {
        throw failure
    }
    func copy(_ id: MachineID, _ copy: MachineCopy) async throws(MachineError) -> MachineSession { throw failure }
    func exec(_ id: MachineID, _ command: MachineCommand) async throws(MachineError) -> MachineSession { throw failure }
    func changes() async -> AsyncStream<MachineStatus> { AsyncStream { $0.finish() } }
}
