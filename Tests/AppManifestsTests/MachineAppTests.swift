import AppManifests
import Manifests
import Testing

@Suite("Manifests of machines")
struct MachineAppTests {
    private static let whole = """
        name = "db"
        kind = "machine"
        secrets = ["TOKEN"]

        [vars]
        MODE = "fast"

        [[bindings]]
        name = "API"
        type = "service"
        service = "api"

        [machine]
        image = "oci:./image"
        size = "shared-2x-512"
        command = ["/server", "--data", "/data"]
        workdir = "/data"
        min_replicas = 0
        max_replicas = 3
        idle = "90s"
        in_flight = 20
        restart = "on-failure"
        rollout = "blue-green"
        rollout_timeout = "2m"
        stop_signal = "SIGINT"
        stop_timeout = "3s"

        [[machine.ports]]
        port = 8080

        [[machine.ports]]
        name = "sql"
        port = 5432
        transport = "tcp"
        public = 15432

        [[machine.ports]]
        name = "wire"
        port = 7000
        transport = "tcp"
        public = true

        [machine.health]
        http = "/healthz"
        interval = "500ms"
        timeout = "1s"
        grace = "2s"
        threshold = 2

        [[machine.volumes]]
        name = "data"
        path = "/data"
        size = "1GiB"
        """

    @Test func everythingIsRead() throws {
        let app = try AppManifest(parsing: Self.whole)
        #expect(app.kind == .machine)
        let machine = try #require(app.machine)
        #expect(machine.image == "oci:./image")
        let described = machine.described
        #expect(described.size == MachineSize("shared-2x-512"))
        #expect(described.command == ["/server", "--data", "/data"])
        #expect(described.workingDirectory == "/data")
        #expect(described.minReplicas == 0 && described.maxReplicas == 3)
        #expect(described.idleMilliseconds == 90_000 && described.inFlightTarget == 20)
        #expect(described.restart == .onFailure && described.rollout == .blueGreen)
        #expect(described.rolloutTimeoutMilliseconds == 120_000)
        #expect(described.stopSignal == "SIGINT" && described.stopTimeoutMilliseconds == 3_000)
        #expect(described.ports.map(\.name) == ["http", "sql", "wire"])
        #expect(described.ports.map(\.number) == [8_080, 5_432, 7_000])
        #expect(described.ports.map(\.opening) == [nil, .number(15_432), .any])
        #expect(described.health?.probe == .http(port: "http", path: "/healthz"))
        #expect(described.health?.intervalMilliseconds == 500 && described.health?.threshold == 2)
        #expect(described.volumes == [.init(name: "data", path: "/data", byteCount: 1 << 30)])
        #expect(described.vars == ["MODE": "fast"] && described.secrets == ["TOKEN"])
        #expect(described.bindings == [FunctionBinding(name: "API", target: .service("api"))])
    }

    @Test func theLeastThatIsNeeded() throws {
        let app = try AppManifest(parsing: "name = \"a\"\nkind = \"machine\"\n[machine]\nimage = \"oci:x\"\n")
        let machine = try #require(app.machine).described
        #expect(machine.minReplicas == 1 && machine.maxReplicas == 1 && machine.health == nil)
        #expect(machine.size == .standard && machine.restart == .always && machine.idleMilliseconds == 0)
    }

    @Test(
        "Each mistake is named with its place",
        arguments: [
            ("kind = \"machine\"\n", "skerry.toml:1:1: a machine needs its image"),
            ("kind = \"machine\"\n[machine]\nsize = \"big\"\nimage = \"oci:x\"", "4:8: size cannot be \"big\""),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\nreplicas = 65",
                "5:12: replicas is a whole number from 0 to 64"
            ),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\nreplicas = 2\nmin_replicas = 1",
                "6:1: min_replicas and replicas"
            ),
            ("kind = \"machine\"\n[machine]\nimage = \"oci:x\"\nidle = \"5\"", "5:8: idle is a time such as"),
            ("kind = \"machine\"\n[machine]\nimage = \"oci:x\"\nidle = \"5s\"", "5:1: no copy may sleep"),
            ("kind = \"machine\"\n[machine]\nimage = \"oci:x\"\nprots = 1", "5:1: [machine] has no key \"prots\""),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\n[[machine.ports]]\nport = 80\npublic = true",
                "7:1: HTTP is answered under the app's name"
            ),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\n[[machine.ports]]\nport = 80\ntransport = \"tcp\"\npublic = 0",
                "8:10: public is a whole number from 1 to 65535"
            ),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\n[[machine.ports]]\nport = 80\ntransport = \"tcp\"\npublic = \"yes\"",
                "8:10: public is true, or the port"
            ),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\n[machine.health]\nhttp = \"/\"",
                "6:1: the machine has no port with HTTP"
            ),
            (
                "kind = \"machine\"\n[machine]\nimage = \"oci:x\"\n[[machine.volumes]]\nname = \"d\"\npath = \"../d\"\nsize = \"1GiB\"",
                "7:8: path is a path in the container"
            ),
            (
                "kind = \"machine\"\nentry = \"a.js\"\n[machine]\nimage = \"oci:x\"",
                "3:1: entry does not belong to machines"
            ),
            ("kind = \"site\"\nassets = \"p\"\n[machine]\nimage = \"oci:x\"", "4:2: [machine] describes a container"),
        ])
    func mistakes(text: String, expected: String) {
        do {
            _ = try AppManifest(parsing: "name = \"a\"\n" + text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
        }
    }
}
