import CSandbox
import Glibc
import Testing

@testable import Functions

/// Native code in a worker's place: what it tries fails behind the system call filter, and nearly all of it without.
@Suite struct SandboxProbeTests {
    /// Attempts, and the layers of which one must be active for the attempt to fail without the filter.
    static let attempts: [(name: String, layers: UInt32)] = [
        ("exec", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("trace-node", bits(SKERRY_LAYER_PID_NAMESPACE, SKERRY_LAYER_OWN_USER)),
        ("read-node-memory", bits(SKERRY_LAYER_PID_NAMESPACE, SKERRY_LAYER_OWN_USER)),
        ("signal-node", bits(SKERRY_LAYER_PID_NAMESPACE, SKERRY_LAYER_OWN_USER)),
        ("connect-loopback", bits(SKERRY_LAYER_NETWORK_NAMESPACE)),
        ("send-datagram", bits(SKERRY_LAYER_NETWORK_NAMESPACE)),
        ("read-passwd", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("read-passwd-by-process", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("read-passwd-upwards", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("read-other-tenant", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("write-file", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("read-node-environment", bits(SKERRY_LAYER_PRIVATE_ROOT, SKERRY_LAYER_LANDLOCK)),
        ("mount", bits(SKERRY_LAYER_NO_CAPABILITIES)),
        ("new-root", bits(SKERRY_LAYER_NO_CAPABILITIES)),
        ("become-root", bits(SKERRY_LAYER_NO_CAPABILITIES)),
        ("join-network", bits(SKERRY_LAYER_NO_CAPABILITIES)),
        ("rename-host", bits(SKERRY_LAYER_NO_CAPABILITIES)),
        ("load-module", bits(SKERRY_LAYER_NO_CAPABILITIES)),
        ("fork-bomb", bits(SKERRY_LAYER_PIDS_CGROUP, SKERRY_LAYER_OWN_USER)),
    ]

    private static func bits(_ layers: Int...) -> UInt32 { layers.reduce(0) { $0 | UInt32($1) } }

    @Test(arguments: attempts.map(\.name) + ["fork", "share-memory"])
    func theFilterStopsWhatTheEngineDoesNotNeed(_ name: String) throws {
        let outcome = try SandboxProbe.run(name, isSealed: true)
        #expect(outcome.layers & UInt32(SKERRY_LAYER_SECCOMP) != 0)
        #expect(outcome.result.isStopped, "\(name): \(outcome.result)")
    }

    /// A way around the filter, should there be one, leads nowhere.
    @Test(arguments: attempts)
    func theOtherLayersStopIt(_ name: String, _ layers: UInt32) throws {
        let outcome = try SandboxProbe.run(name, isSealed: false)
        guard outcome.layers & layers != 0 else {
            print("not judged: this host has none of the layers that stop \(name)")
            return
        }
        #expect(outcome.result.isStopped, "\(name): \(outcome.result)")
    }

    /// What the probe aims at exists: the same attempts succeed outside.
    @Test func theTargetsAreThere() throws {
        let target = try SandboxProbe.Target()
        defer { target.remove() }
        #expect(access("/etc/passwd", R_OK) == 0)
        #expect(access(target.file, R_OK) == 0)
        #expect(kill(getpid(), SIGCONT) == 0)
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        #expect(target.connect(client))
    }

    @Test func everyLayerThatIsMissingHasAReason() throws {
        let inspection = try WorkerInspection(workerPath: PoolFixture.workerPath)
        #expect(inspection.layers.count == SandboxLayers.all.count)
        #expect(Set(inspection.layers.map(\.name)).count == SandboxLayers.all.count)
        for layer in inspection.layers { #expect(layer.isActive == (layer.reason == nil), "\(layer.name)") }
        #expect(inspection.layers.first { $0.name == "seccomp" }?.isActive == true)
        #expect(inspection.layers.first { $0.name == "no-new-privileges" }?.isActive == true)
        #expect(inspection.startTime > .zero)
    }

    @Test(arguments: ["/nonexistent/skerry-worker", "/bin/true"])
    func aProgramThatIsNoWorkerIsReported(_ path: String) {
        #expect(throws: FunctionError.self) { try WorkerInspection(workerPath: path) }
    }
}
