/// Where a machine is in its life.
public enum MachineState: String, Sendable, Hashable, Codable, CaseIterable {
    /// Known, and not started since it is, or since its node came back.
    case created
    /// Its container is made, or runs and is not healthy yet.
    case starting
    /// Runs and does its work.
    case healthy
    /// Was asked to stop and still runs, or has just ended and is being cleaned up: nothing new is sent to it.
    case draining
    /// Does not run, and stays so until somebody starts it.
    case stopped
    /// Ended by itself and waits for its next start.
    case backOff
    /// Ended by itself again and again; it is tried again seldom.
    case crashLoop
    /// What ran it vanished, and the container could not be removed yet.
    case lost

    /// A container of it may exist.
    public var mayRun: Bool {
        switch self {
        case .starting, .healthy, .draining, .lost: true
        case .created, .stopped, .backOff, .crashLoop: false
        }
    }
}
