/// What can be done with the machines of one node. `MachineSupervisor` is the real one.
///
/// All calls return as soon as the change is accepted, unless they say that they wait.
public protocol MachineControl: Sendable {
    /// Makes a machine known, without starting it. Durable on return: a node that restarts knows it.
    func create(_ spec: MachineSpec, image: MachineImage) async throws(MachineError)

    /// Stops a machine that is known, waits for that, and makes it another one under its id, without starting it. What it wrote
    /// and what happened to it is kept. Durable on return.
    func change(_ spec: MachineSpec, image: MachineImage) async throws(MachineError)

    /// Wants it to run, from any state; a back-off that it waits for is cut short. Nothing when it runs already.
    func start(_ id: MachineID) async throws(MachineError)

    /// Waits until it is healthy, or until it cannot be: the error then says why. Use it after `start`.
    func waitUntilHealthy(_ id: MachineID, timeout: Duration) async throws(MachineError)

    /// Wants it to be stopped, and waits until it is: at most its stop timeout and the time that a kill takes.
    func stop(_ id: MachineID) async throws(MachineError)

    /// Stops it, waits for that, and starts it.
    func restart(_ id: MachineID) async throws(MachineError)

    /// Stops it and forgets all of it, logs and events too; volumes stay. Nothing when there is no such machine.
    func destroy(_ id: MachineID) async throws(MachineError)

    /// What it does now.
    func status(_ id: MachineID) async throws(MachineError) -> MachineStatus

    /// All machines, by id.
    func list() async -> [MachineStatus]

    /// What it takes, looked at now; nil while it does not run.
    func usage(_ id: MachineID) async throws(MachineError) -> MachineUsage?

    /// What happened to it with a higher sequence than `sequence`, oldest first; old events are forgotten.
    func events(_ id: MachineID, after sequence: Int) async throws(MachineError) -> [MachineEvent]

    /// The last `tail` lines that it wrote, over all its restarts, and with `follow` those that it writes from now on,
    /// until the consumer leaves or the machine is destroyed. A consumer that is slow misses lines that are rotated away.
    func logs(
        _ id: MachineID, tail: Int, follow: Bool
    ) async throws(MachineError) -> AsyncStream<MachineLogLine>

    /// The first `limit` lines that it wrote after a time in nanoseconds since 1970, oldest first.
    func lines(_ id: MachineID, after time: Int64, limit: Int) async throws(MachineError) -> [MachineLogLine]

    /// Runs a command in a machine that runs. The session ends with the command; ending it early ends the command.
    func exec(_ id: MachineID, _ command: MachineCommand) async throws(MachineError) -> MachineSession

    /// Copies files into a machine that runs, or out of it, with the rights of its own user and nothing else of the host in
    /// sight. The session ends with the copy: exit code 0 when all is done, else standard error says what was wrong, and
    /// what was copied until then stays. Ending it early ends the copy.
    func copy(_ id: MachineID, _ copy: MachineCopy) async throws(MachineError) -> MachineSession

    /// Every change of every machine's status from now on, and first the status of all that there are. A consumer that
    /// is slow gets the newest ones only.
    func changes() async -> AsyncStream<MachineStatus>
}
