import AsyncHTTPClient
import Foundation
import NIOCore
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The recipe in `deploy/etcd`, with its scripts and its configuration file, on loopback.
@Suite(
    "The recipe for etcd on real machines", .serialized, .timeLimit(.minutes(2)),
    .enabled(
        if: EtcdRecipe.isPossible, "needs etcd, etcdctl and openssl: apt-get install etcd-server etcd-client openssl"))
struct DeployEtcdTests {
    private static let other = String(repeating: "b", count: 64)

    @Test(
        "Roles keep readers from writing and sequencers from other networks; clients are no members; a node runs on it")
    func recipe() async throws {
        let network = try TestNetwork()
        do {
            try await network.expectSuccess("up", "--nodes", "1", "--ledger", "etcd", "--detach")
            try await network.expectSuccess("down")
            let status = try await network.status()
            let recipe = try EtcdRecipe(network.folder + "/recipe")
            defer { recipe.stop() }
            try await recipe.start()
            let id = status.network
            let early = try await recipe.run("grant-roles", ["user", "lima", "reader", id])
            #expect(early.status != 0)
            #expect(early.text.contains("grant-roles network"))
            for id in [id, Self.other] { try await recipe.succeed("grant-roles", ["network", id]) }
            try await recipe.succeed("grant-roles", ["user", "berlin", "sequencer", id])
            try await recipe.succeed("grant-roles", ["user", "oslo", "sequencer", Self.other])
            // Granted twice is granted once.
            for _ in 0..<2 { try await recipe.succeed("grant-roles", ["user", "lima", "reader", id]) }
            try await rights(recipe, id)
            try await membersPort(recipe)
            try await aNodeRuns(on: recipe, network, status.nodes[0].data)
            let head = try await recipe.etcdctl("root", ["get", "/\(id)/head", "--keys-only"])
            #expect(head.text.contains("/\(id)/head"))
            try await recipe.succeed("grant-roles", ["revoke", "lima"])
            #expect(try await recipe.etcdctl("lima", ["get", "/\(id)/head"]).status != 0)
        } catch {
            await network.tearDown()
            throw error
        }
        await network.tearDown()
    }

    /// Who may do what, and that nobody may do more.
    private func rights(_ recipe: EtcdRecipe, _ id: String) async throws {
        let (mine, others) = ("/\(id)/try", "/\(Self.other)/try")
        let cases: [(user: String, arguments: [String], isAllowed: Bool)] = [
            ("berlin", ["put", mine, "x"], true), ("berlin", ["get", mine], true),
            ("berlin", ["put", others, "x"], false), ("berlin", ["get", others], false),
            ("berlin", ["del", others], false), ("berlin", ["put", "/\(id)0", "x"], false),
            ("berlin", ["get", "", "--prefix"], false), ("berlin", ["user", "list"], false),
            ("berlin", ["role", "grant-permission", "root", "readwrite", others], false),
            ("berlin", ["auth", "disable"], false),
            ("oslo", ["put", others, "x"], true), ("oslo", ["put", mine, "x"], false),
            ("lima", ["get", mine], true), ("lima", ["put", mine, "x"], false), ("lima", ["del", mine], false),
            ("lima", ["get", others], false), ("lima", ["user", "grant-role", "lima", "root"], false),
            ("stranger", ["get", mine], false), ("stranger", ["put", mine, "x"], false),
            // A member's certificate is a client's of no rights.
            ("a", ["get", mine], false), ("root", ["del", mine], true),
        ]
        for (user, arguments, isAllowed) in cases {
            let result = try await recipe.etcdctl(user, arguments)
            #expect((result.status == 0) == isAllowed, "\(user) \(arguments): \(result.text)")
            if !isAllowed { #expect(result.text.contains("permission denied"), "\(user) \(arguments): \(result.text)") }
        }
    }

    /// Who could speak as a member would be bound by no role.
    private func membersPort(_ recipe: EtcdRecipe) async throws {
        #expect(try await recipe.askMembersPort(as: "a-peer").contains("peerURLs"))
        for client in ["root", "berlin", "b"] {
            #expect(try await !recipe.askMembersPort(as: client).contains("peerURLs"), "\(client)")
        }
        let metrics = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: "http://127.0.0.1:\(recipe.members[0].metrics)/metrics"), timeout: .seconds(5))
        let text = String(buffer: try await metrics.body.collect(upTo: 1 << 20))
        #expect(text.contains("\netcd_server_has_leader 1\n"))
    }

    /// Writes the settings of step 4 into a node's configuration and has it order something.
    private func aNodeRuns(on recipe: EtcdRecipe, _ network: TestNetwork, _ folder: String) async throws {
        // Its entries are in the members of `skerry up`; here the network begins anew.
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/ledger.sqlite\(suffix)")
        }
        let path = folder + "/node.json"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var configuration = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        configuration["ledger"] = [
            "engine": "etcd", "endpoints": recipe.members.map { "127.0.0.1:\($0.client)" },
            "certificateAuthority": recipe.certificates + "/ca.pem",
            "certificate": recipe.certificates + "/berlin.pem", "privateKey": recipe.certificates + "/berlin.key",
        ]
        try JSONSerialization.data(withJSONObject: configuration).write(to: URL(fileURLWithPath: path))
        let process = network.process(["node", "run", "--data", folder, "--lifeline"])
        let lifeline = Pipe()
        process.standardInput = lifeline
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        try await eventually(within: 30, "the node is ready") {
            try await network.run(["node", "status", "--data", folder, "--json"]).status == 0
        }
        try network.write("over mutual TLS", to: "site/index.html")
        try await eventually(within: 30, "the node orders") {
            try await network.run(["deploy", network.folder + "/site", "--name", "site", "--node", "1"]).status == 0
        }
    }
}

/// Three members on loopback, set up as `deploy/etcd/README.md` says.
private final class EtcdRecipe {
    struct Member {
        let name: String
        let client: UInt16
        let peer: UInt16
        let metrics: UInt16
    }

    private static let programs = ["/usr/bin/etcd", "/usr/bin/etcdctl", "/usr/bin/openssl", "/usr/bin/bash"]
    static let isPossible = programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

    private static let recipe = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("deploy/etcd").path

    let folder: String
    let members: [Member]
    var certificates: String { folder + "/certs" }
    /// Each with the pipe whose end ends it, also should the tests be killed.
    private var processes: [(Process, Pipe)] = []

    init(_ folder: String) throws {
        self.folder = folder
        let ports = try EtcdRecipe.freePorts(9)
        members = ["a", "b", "c"].enumerated().map { index, name in
            Member(name: name, client: ports[3 * index], peer: ports[3 * index + 1], metrics: ports[3 * index + 2])
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Steps 1 and 2; returns when all members are healthy.
    func start() async throws {
        try await succeed("make-certificates", [certificates, "ca"])
        for member in members {
            try await succeed("make-certificates", [certificates, "member", member.name, "127.0.0.1"])
        }
        for user in ["root", "berlin", "oslo", "lima", "stranger"] {
            try await succeed("make-certificates", [certificates, "client", user])
        }
        #expect(try await run("make-certificates", [certificates, "member", "root", "127.0.0.1"]).status != 0)
        for member in members { try launch(member, try configuration(member)) }
        try await eventually(within: 30, "the members are healthy") {
            try await self.etcdctl("root", ["endpoint", "health"]).status == 0
        }
    }

    /// Ends the members.
    func stop() {
        for (process, lifeline) in processes {
            try? lifeline.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        processes = []
    }

    /// The recipe's file, edited as it asks for; returns its path.
    private func configuration(_ member: Member) throws -> String {
        var text = try String(contentsOfFile: EtcdRecipe.recipe + "/etcd.yaml", encoding: .utf8)
        for (index, member) in members.enumerated() {
            text = text.replacingOccurrences(of: "10.0.0.\(index + 1):2380", with: "127.0.0.1:\(member.peer)")
        }
        let edits = [
            ("ADDRESS:2379", "127.0.0.1:\(member.client)"), ("ADDRESS:2380", "127.0.0.1:\(member.peer)"),
            ("127.0.0.1:2381", "127.0.0.1:\(member.metrics)"), ("/etc/skerry-etcd/", certificates + "/"),
            ("/var/lib/skerry-etcd", "\(folder)/\(member.name)"), ("NAME", member.name),
        ]
        for (old, new) in edits {
            #expect(text.contains(old), "the recipe's etcd.yaml has no \(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        let path = "\(folder)/\(member.name).yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func launch(_ member: Member, _ configuration: String) throws {
        let (process, lifeline) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "/usr/bin/etcd --config-file \"$1\" > \"$2\" 2>&1 & read -r nothing; kill -9 $!", "sh", configuration,
            "\(folder)/\(member.name).log",
        ]
        process.environment = [:]
        #if arch(arm64)
            process.environment = ["ETCD_UNSUPPORTED_ARCH": "arm64"]
        #endif
        process.standardInput = lifeline
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        processes.append((process, lifeline))
    }

    // MARK: Commands

    /// Runs one of the recipe's scripts as the holder of root's certificate.
    func run(_ script: String, _ arguments: [String]) async throws -> (status: Int32, text: String) {
        try await execute("\(EtcdRecipe.recipe)/\(script)", arguments, environment(of: "root"))
    }

    func succeed(_ script: String, _ arguments: [String]) async throws {
        let result = try await run(script, arguments)
        try #require(result.status == 0, "\(script) \(arguments): \(result.text)")
    }

    func etcdctl(_ user: String, _ arguments: [String]) async throws -> (status: Int32, text: String) {
        try await execute("/usr/bin/etcdctl", arguments, environment(of: user))
    }

    /// What the first member answers on the port for members.
    func askMembersPort(as name: String) async throws -> String {
        let request = #"printf 'GET /members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | "#
        let arguments = [
            "-c", request + #"timeout 10 /usr/bin/openssl s_client -quiet -ign_eof "$@" 2>&1"#, "sh", "-connect",
            "127.0.0.1:\(members[0].peer)", "-CAfile", certificates + "/peer-ca.pem", "-cert",
            "\(certificates)/\(name).pem", "-key", "\(certificates)/\(name).key",
        ]
        return try await execute("/bin/sh", arguments, ["PATH": "/usr/bin:/bin"]).text
    }

    private func environment(of user: String) -> [String: String] {
        [
            "PATH": "/usr/bin:/bin", "ETCDCTL_API": "3",
            "ETCDCTL_ENDPOINTS": members.map { "https://127.0.0.1:\($0.client)" }.joined(separator: ","),
            "ETCDCTL_CACERT": certificates + "/ca.pem", "ETCDCTL_CERT": "\(certificates)/\(user).pem",
            "ETCDCTL_KEY": "\(certificates)/\(user).key",
        ]
    }

    private func execute(
        _ program: String, _ arguments: [String], _ environment: [String: String]
    ) async throws -> (status: Int32, text: String) {
        let (process, output) = (Process(), "\(folder)/out-\(UUID().uuidString)")
        try Data().write(to: URL(fileURLWithPath: output))
        defer { try? FileManager.default.removeItem(atPath: output) }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = process.standardOutput
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return (process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8))
    }

    /// Ports that nobody uses now; all are held until all are known.
    private static func freePorts(_ count: Int) throws -> [UInt16] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
                }
            }
            try #require(result, "no port on loopback: errno \(errno)")
            return UInt16(bigEndian: address.sin_port)
        }
    }
}
