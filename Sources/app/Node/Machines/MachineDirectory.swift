import Identity

/// Where an app's machines are: what traffic goes by.
///
/// Reads are cheap and never block: they may be made for each request.
protocol MachineDirectory: Sendable {
    /// The replicas of an app that are healthy on nodes that are believed alive, the nearest first (this node's own, then
    /// by estimated round trip).
    ///
    /// - Parameter release: Those of one release only, such as for a preview; nil for all that serve the app now, which may
    ///   be of two releases during a rollout. Previews are nobody's but their release's.
    func healthy(_ app: String, release: String?) -> [MachineReplica]

    /// Whether the app has machines at all, healthy or not: the difference between 503 and a wake-up.
    func hasMachines(_ app: String) -> Bool

    /// Where to dial a replica that runs on this node: the container's IPv4 address and the port there.
    ///
    /// - Parameter port: The name of the port; nil for the first one with that transport.
    /// - Returns: Nil for a replica that is not (or not any more) healthy here.
    func address(_ app: String, slot: UInt32, port: String?, _ transport: MachineReplica.Transport) -> MachineAddress?

    /// Starts a replica that is asleep, here or on its node, and waits until it is healthy; returns at once if one is.
    /// Callers that wait for the same app share one wake-up. For a release that no slot runs a preview is started.
    ///
    /// - Throws: ``MachineFailure`` if there is none to wake, or it is not healthy in time.
    func wake(_ app: String, release: String?, within: Duration) async throws -> MachineReplica

    /// Begins to wake a replica of a release, if one is asleep and none is healthy; waits for nothing.
    func stir(_ app: String, release: String)

    /// Counts a request or connection that goes to a replica, wherever that is: scaling out goes by it. Each must be
    /// followed by one ``ended(_:)``.
    func began(_ replica: MachineReplica)

    /// The request or connection is over.
    func ended(_ replica: MachineReplica)

    /// Counts work that arrives at this node's own replica from any gateway, so that what is busy is not put to sleep
    /// and a replica that drains ends with its last request. Each must be followed by one ``left(_:slot:release:)`` of
    /// the same values.
    ///
    /// - Parameter release: Of the address that is asked: two releases of a slot may run at once for a moment.
    func entered(_ app: String, slot: UInt32, release: String)

    /// The work that arrived is over.
    func left(_ app: String, slot: UInt32, release: String)
}

/// Where a container of this node listens.
struct MachineAddress: Hashable, Sendable {
    /// IPv4.
    var host: String
    var port: UInt16
    /// The release that answers there.
    var release: String
}

/// Why there is no machine for a request.
struct MachineFailure: Error, Sendable, CustomStringConvertible {
    enum Code: String, Sendable {
        /// The app has no machine that could be started.
        case noMachine = "machine/none"
        /// It did not become healthy in time; try again.
        case notReady = "machine/not-ready"
        /// The node that has it cannot be reached.
        case unreachable = "machine/unreachable"
    }

    let code: Code
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var description: String { "\(code.rawValue): \(message)" }
}
