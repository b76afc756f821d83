import Functions

/// The machine that a call is for, as nodes say it to each other: in the place of a function's version, whose tenant always
/// begins with an account.
struct MachinePlace: Hashable, Sendable {
    /// A version's tenant for all machines.
    static let tenant = "machine"

    let app: String
    let slot: UInt32
    /// The name of the port; nil for the first one with that transport.
    let port: String?
    let transport: MachineReplica.Transport

    /// How calls carry it.
    var version: FunctionVersion {
        FunctionVersion(
            tenant: MachinePlace.tenant, release: "\(app)/\(slot)/\(transport == .tcp ? "tcp" : "http")/\(port ?? "")")
    }

    init(app: String, slot: UInt32, port: String?, transport: MachineReplica.Transport) {
        self.app = app
        self.slot = slot
        self.port = port
        self.transport = transport
    }

    /// Nil for a call of a function, and for one of a place that is none.
    init?(_ version: FunctionVersion) {
        guard version.tenant == MachinePlace.tenant else { return nil }
        let parts = version.release.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, !parts[0].isEmpty, let slot = UInt32(parts[1]) else { return nil }
        switch parts[2] {
        case "http": transport = .http
        case "tcp": transport = .tcp
        default: return nil
        }
        app = String(parts[0])
        self.slot = slot
        port = parts[3].isEmpty ? nil : String(parts[3])
    }
}
