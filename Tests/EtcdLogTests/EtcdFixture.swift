import EtcdLog
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Synchronization
import Testing

/// Real etcd members on loopback, in a folder of their own; they end with the fixture.
final class EtcdFixture: Sendable {
    static let program = "/usr/bin/etcd"

    /// For `.enabled(if:)` of the suites that need it.
    static let isInstalled = [program, "/usr/bin/etcdctl"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static let missing: Comment = "needs etcd and etcdctl (Debian: apt-get install etcd-server etcd-client)"

    /// What the recipe in `deploy/etcd` needs beside it.
    static let hasTools = ["/usr/bin/openssl", "/usr/bin/bash"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Files for mutual TLS, as `deploy/etcd/make-certificates` lays them out.
    struct TLS: Sendable {
        let folder: String
        var authority: String { folder + "/ca.pem" }
        var member: (certificate: String, key: String) { (folder + "/member.pem", folder + "/member.key") }
        func client(_ name: String) -> EtcdTLSFiles {
            EtcdTLSFiles(
                authorities: authority, certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
        }
    }

    private struct Member: Sendable {
        let name: String
        let clientPort: UInt16
        let peerPort: UInt16
    }

    /// A member and what ends it should the tests be killed.
    private struct Running {
        let process: Process
        let guardian: Process
        let lifeline: Pipe
    }

    let folder: String
    let tls: TLS?
    private let members: [Member]
    private let arguments: [String]
    private let processes: Mutex<[Int: Running]>

    private init(folder: String, members: [Member], tls: TLS?, arguments: [String]) {
        self.arguments = arguments
        self.folder = folder
        self.members = members
        self.tls = tls
        processes = Mutex([:])
    }

    /// Starts `count` members, waits until they serve, runs `body` and ends all of them.
    static func run(
        _ count: Int = 1, tls: TLS? = nil, arguments: [String] = [], _ body: (EtcdFixture) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "/skerry-etcd-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ports = try freePorts(2 * count)
        let members = (0..<count).map {
            Member(name: "m\($0)", clientPort: ports[2 * $0], peerPort: ports[2 * $0 + 1])
        }
        let fixture = EtcdFixture(folder: folder, members: members, tls: tls, arguments: arguments)
        defer { fixture.killAll() }
        for index in 0..<count { try fixture.start(index) }
        try await fixture.waitUntilHealthy()
        try await body(fixture)
    }

    var endpoints: [Endpoint] {
        get throws { try members.map { try Endpoint(host: "127.0.0.1", port: $0.clientPort) } }
    }

    /// Settings for short tests: leases of 2 s, answers within 1 s.
    func cluster(client: String = "sequencer", only: [Int]? = nil) throws -> EtcdCluster {
        var members = try endpoints
        if let only { members = only.map { members[$0] } }
        return EtcdCluster(
            members: members, tls: tls?.client(client), requestTimeout: .seconds(1), patience: .seconds(10),
            leaseSeconds: 2, pollInterval: .seconds(1))
    }

    /// This node's view of a network in the cluster.
    func ledger(
        _ chain: Chain, node: UInt8 = 1, isCandidate: Bool = true, cluster: EtcdCluster? = nil
    ) throws -> EtcdLedger {
        try EtcdLedger(
            try cluster ?? self.cluster(), network: chain.network, node: try Chain.node(node), isCandidate: isCandidate,
            logger: .silent)
    }

    /// Starts a member, again with the data that it has.
    func start(_ index: Int) throws {
        let member = members[index]
        let scheme = tls == nil ? "http" : "https"
        let client = "\(scheme)://127.0.0.1:\(member.clientPort)"
        let peer = "\(scheme)://127.0.0.1:\(member.peerPort)"
        let cluster = members.map { "\($0.name)=\(scheme)://127.0.0.1:\($0.peerPort)" }.joined(separator: ",")
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments =
            [
                "--name", member.name, "--data-dir", "\(folder)/\(member.name)",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", cluster, "--initial-cluster-token", "skerry-tests", "--initial-cluster-state",
                "new",
                "--heartbeat-interval", "50", "--election-timeout", "500", "--logger", "zap",
                "--log-outputs", "\(folder)/\(member.name).log",
            ] + arguments
        if let tls {
            process.arguments? += [
                "--client-cert-auth", "--trusted-ca-file", tls.authority, "--cert-file", tls.member.certificate,
                "--key-file", tls.member.key, "--peer-client-cert-auth", "--peer-trusted-ca-file", tls.authority,
                "--peer-cert-file", tls.member.certificate, "--peer-key-file", tls.member.key,
            ]
        }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It waits for the end of its input, which is the end of the tests' process, whatever ends that.
        let guardian = Process()
        let lifeline = Pipe()
        guardian.executableURL = URL(filePath: "/bin/sh")
        guardian.arguments = ["-c", "read -r nothing; kill -9 \(process.processIdentifier)"]
        guardian.standardInput = lifeline
        try guardian.run()
        processes.withLock { $0[index] = Running(process: process, guardian: guardian, lifeline: lifeline) }
    }

    /// Sends a signal, for example SIGSTOP.
    func signal(_ index: Int, _ signal: Int32) {
        processes.withLock { processes in
            guard let running = processes[index] else { return }
            kill(running.process.processIdentifier, signal)
        }
    }

    /// Ends a member without warning and reaps it.
    func kill9(_ index: Int) {
        guard let running = processes.withLock({ $0.removeValue(forKey: index) }) else { return }
        // Ends with the lifeline as well, but the member's number must not be another's by then.
        for process in [running.guardian, running.process] {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    func killAll() {
        for index in members.indices { kill9(index) }
    }

    /// The member that leads etcd's own consensus.
    func raftLeader() async throws -> Int {
        for index in members.indices {
            guard processes.withLock({ $0[index] != nil }) else { continue }
            let client = try EtcdClient(cluster(only: [index]), logger: .silent)
            let status = try await client.status()
            await client.close()
            if status.leader != 0, status.leader == status.header.memberID { return index }
        }
        throw Failure("no member leads")
    }

    /// What etcdctl needs to know.
    func environment(_ client: String) throws -> [String: String] {
        let scheme = tls == nil ? "http" : "https"
        var environment = ["ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"]
        environment["ETCDCTL_ENDPOINTS"] = try endpoints.map { "\(scheme)://\($0)" }.joined(separator: ",")
        if let files = tls?.client(client) {
            environment["ETCDCTL_CACERT"] = files.authorities
            environment["ETCDCTL_CERT"] = files.certificate
            environment["ETCDCTL_KEY"] = files.key
        }
        return environment
    }

    /// Runs etcdctl against all members.
    @discardableResult
    func etcdctl(_ arguments: [String], client: String = "root") throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/etcdctl")
        process.arguments = arguments
        process.environment = try environment(client)
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure("etcdctl \(arguments) failed: \(text)") }
        return text
    }

    private func waitUntilHealthy() async throws {
        for index in members.indices {
            var cluster = try cluster(client: "root", only: [index])
            cluster.patience = .seconds(20)
            let client = try EtcdClient(cluster, logger: .silent)
            while try await client.status().leader == 0 { try await Task.sleep(for: .milliseconds(50)) }
            await client.close()
        }
    }

    /// Ports that nobody uses now; all are held until all are known.
    static func freePorts(_ count: Int) throws -> [UInt16] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            return try bindLoopback(descriptor)
        }
    }

    /// The port that the system picked.
    static func bindLoopback(_ descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard result else { throw Failure("no port on loopback: errno \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// A ledger in whose leadership this node takes part until the end of `body`.
func leading<Result: Sendable>(
    _ ledger: EtcdLedger, _ body: @Sendable (UInt64) async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await ledger.leadership.run() }
        let result = try await body(try await term(ledger))
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}

/// Waits until this node leads; its term.
func term(_ ledger: EtcdLedger) async throws -> UInt64 {
    for await standing in ledger.leadership.changes() {
        if case .leading(let term) = standing { return term }
    }
    throw CancellationError()
}

/// Waits until the node's standing is `expected`.
func wait(_ ledger: EtcdLedger, for expected: Standing) async throws {
    for await standing in ledger.leadership.changes() where standing == expected { return }
    throw CancellationError()
}

/// The whole log, read in pages.
func everything(_ log: EtcdLedgerLog, from first: UInt64 = 1) async throws -> [Entry] {
    var entries: [Entry] = []
    while true {
        let page = try await log.entries(from: first + UInt64(entries.count), limit: 100, byteLimit: 4 << 20)
        guard !page.isEmpty else { return entries }
        for bytes in page { entries.append(try Entry(decoding: bytes)) }
    }
}
