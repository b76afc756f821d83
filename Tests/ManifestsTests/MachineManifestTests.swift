import Blake3
import Foundation
import Identity
import Manifests
import Testing

@Suite struct MachineManifestTests {
    private static func id(_ number: UInt8) -> BlobID { BlobID(Blake3.hash([number])) }

    private static func machine() -> MachineManifest {
        var machine = MachineManifest(image: id(1), layers: [id(3), id(2)])
        machine.imageName = "oci:image"
        machine.command = ["/server"]
        machine.workingDirectory = "/data"
        machine.vars = ["B": "2", "A": "1"]
        machine.secrets = ["TOKEN", "KEY"].sorted()
        machine.bindings = [FunctionBinding(name: "API", target: .service("api"))]
        machine.ports = [
            .init(name: "web", number: 8_080),
            .init(name: "sql", number: 5_432, transport: .tcp, opening: .number(15_432)),
            .init(name: "wire", number: 7_000, transport: .tcp, opening: .any),
        ]
        machine.health = .init(.http(port: "web", path: "/healthz?full=1"))
        machine.volumes = [.init(name: "data", path: "/data", byteCount: 1 << 30)]
        machine.minReplicas = 0
        machine.maxReplicas = 3
        machine.idleMilliseconds = 1_000
        machine.inFlightTarget = 10
        machine.rollout = .blueGreen
        machine.stopSignal = "SIGINT"
        return machine
    }

    @Test func aManifestComesBackFromItsBytes() throws {
        var machine = Self.machine()
        #expect(machine.problem == nil)
        #expect(try Manifest(decoding: Manifest.machine(machine).encoded()) == .machine(machine))
        #expect(Manifest.machine(machine).blobs == [Self.id(1), Self.id(2), Self.id(3)].sorted())
        #expect(Manifest.machine(machine).secrets == ["KEY", "TOKEN"])
        for probe in [MachineManifest.Health.Probe.tcp(port: "sql"), .command(["/check", "-q"])] {
            machine.health = .init(probe)
            #expect(try Manifest(decoding: Manifest.machine(machine).encoded()) == .machine(machine))
        }
        machine.health = nil
        #expect(try Manifest(decoding: Manifest.machine(machine).encoded()) == .machine(machine))
    }

    @Test func whatIsNotScaleIsTheMachine() {
        var other = Self.machine()
        other.minReplicas = 2
        other.maxReplicas = 5
        other.ports[1].opening = nil
        #expect(other.withoutScale == Self.machine().withoutScale)
        other.command = ["/other"]
        #expect(other.withoutScale != Self.machine().withoutScale)
    }

    private static let breaking: [(String, @Sendable (inout MachineManifest) -> Void)] = [
        ("layers", { $0.layers = [] }),
        ("too many layers", { $0.layers = (0..<129).map { BlobID(Blake3.hash([UInt8($0), 1])) }.sorted() }),
        ("too many words", { $0.command = Array(repeating: "a", count: 129) }),
        ("too long a command", { $0.command = [String(repeating: "a", count: (32 << 10) + 1)] }),
        ("a zero byte", { $0.command = ["a\u{0}"] }),
        ("a relative folder", { $0.workingDirectory = "data" }),
        ("a folder that climbs", { $0.workingDirectory = "/a/../b" }),
        ("port 0", { $0.ports[0].number = 0 }),
        ("port 65536", { $0.ports[0].number = 65_536 }),
        ("two ports of one name", { $0.ports[1].name = "web" }),
        ("two ports of one number", { $0.ports[1].number = 8_080 }),
        ("too many ports", { $0.ports = (1...17).map { .init(name: "p\($0)", number: $0) } }),
        ("an open port with HTTP", { $0.ports[0].opening = .any }),
        ("an open port of number 65536", { $0.ports[1].opening = .number(65_536) }),
        ("two ports open at one number", { $0.ports[2].opening = .number(15_432) }),
        (
            "too many open ports",
            { $0.ports += (1...3).map { .init(name: "p\($0)", number: $0, transport: .tcp, opening: .any) } }
        ),
        ("a check of no port", { $0.health = .init(.http(port: "sql", path: "/")) }),
        ("a check of a path that is none", { $0.health = .init(.http(port: "web", path: "/a b")) }),
        ("a check too often", { $0.health?.intervalMilliseconds = 99 }),
        ("a volume at the root", { $0.volumes[0].path = "/" }),
        ("a small volume", { $0.volumes[0].byteCount = (16 << 20) - 1 }),
        ("65 copies", { $0.maxReplicas = 65 }),
        ("more at least than at most", { $0.minReplicas = 4 }),
        (
            "sleep without ports",
            {
                $0.ports = []; $0.health = nil
            }
        ),
        ("a signal that is none", { $0.stopSignal = "SIGSEGV" }),
        ("a rollout of no time", { $0.rolloutTimeoutMilliseconds = 999 }),
        ("a binding of another type", { $0.bindings = [FunctionBinding(name: "KV", target: .kv(namespace: "a"))] }),
        ("a secret that is also a text", { $0.secrets = ["A"] }),
    ]

    @Test(arguments: breaking.indices) func whatBreaksARuleIsRefused(index: Int) throws {
        let (name, change) = Self.breaking[index]
        var machine = Self.machine()
        change(&machine)
        let bytes = try Manifest.machine(machine).encoded()
        #expect(throws: ManifestError.self, "\(name)") { try Manifest(decoding: bytes) }
    }

    @Test func sizesHaveOneTable() {
        #expect(Set(MachineSize.all.map(\.description)).count == MachineSize.all.count)
        for size in MachineSize.all {
            #expect(MachineSize(size.description) == size)
            #expect(size.reservedCPUMillis <= size.cpuMillis && size.reservedCPUMillis > 0)
        }
        #expect(MachineSize("shared-1x-256")?.memoryBytes == 256 << 20)
        #expect(MachineSize("huge") == nil)
    }
}
