import AsyncHTTPClient
import Client
import Foundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// The etcd members that hold the shared log of a network on this machine.
///
/// They listen on loopback without authentication: whoever has an account on this machine can write to them. A fleet
/// uses mutual TLS and roles, as `deploy/` shows.
struct LocalEtcd: Sendable {
    /// One member: a process with a folder and two ports of its own.
    struct Member: Sendable {
        /// From 1.
        let number: Int
        let folder: String
        /// Where nodes connect.
        let clientPort: Int
        /// Where the other members connect.
        let peerPort: Int

        var name: String { "etcd-\(number)" }
        /// `host:port` for nodes.
        var endpoint: String { "127.0.0.1:\(clientPort)" }
        /// Standard error of the member.
        var log: String { folder + "/etcd.log" }
        fileprivate var data: String { folder + "/data" }
        fileprivate var pidFile: String { folder + "/pid" }
        fileprivate var peerURL: String { "http://127.0.0.1:\(peerPort)" }

        /// The process that runs on this folder; nil if there is none.
        var pid: pid_t? {
            guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
                let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 0,
                let command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
            else { return nil }
            // The number may be another process's by now: ours names its folder on its command line.
            return command.split(separator: 0).contains { $0.elementsEqual(data.utf8) } ? pid : nil
        }

        /// Whether the member answers reads that the majority confirmed.
        func isHealthy() async -> Bool {
            let request = HTTPClientRequest(url: "http://\(endpoint)/health")
            guard let answer = try? await NodeClient.connections.execute(request, timeout: .seconds(2)),
                let body = try? await answer.body.collect(upTo: LocalEtcd.maxHealthBytes),
                let health = try? JSONDecoder().decode(Health.self, from: Data(body.readableBytesView))
            else { return false }
            return health.health == "true"
        }

        /// What `/health` answers.
        private struct Health: Decodable {
            var health: String
        }
    }

    /// A majority of three outlives the death of any one.
    static let memberCount = 3
    /// What a member's file may grow to before etcd refuses writes: 4 GiB. The ledger truncates its log long before.
    private static let quotaBytes = 4 << 30
    /// Writes after which a member writes a snapshot. A ledger's writes are large, and etcd keeps all since the last
    /// snapshot in memory.
    private static let snapshotWrites = 2_000
    private static let maxHealthBytes = 4_096
    /// How long members get to start before that counts as a failure.
    static let startTimeout = Duration.seconds(60)
    /// Where else than on the search path to look.
    private static let usualFolders = ["/usr/bin", "/usr/local/bin"]

    let members: [Member]
    /// Keeps members of different networks apart.
    let token: String

    var endpoints: [String] { members.map(\.endpoint) }

    /// The members in `folder`, with the client and the peer port of each.
    init(folder: String, token: String, ports: [(client: Int, peer: Int)]) {
        self.token = token
        members = ports.enumerated().map { index, ports in
            Member(
                number: index + 1, folder: "\(folder)/etcd-\(index + 1)", clientPort: ports.client, peerPort: ports.peer
            )
        }
    }

    /// The etcd executable.
    ///
    /// - Throws: How to install it, if there is none.
    static func executable() throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + usualFolders
        let candidates = folders.map { $0 + "/etcd" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw CommandError(
                "There is no etcd on this machine; install it with `apt-get install etcd-server`, or leave out --ledger "
                    + "etcd to keep the ledger's log in SQLite")
        }
        return found
    }

    /// Starts one member, which continues what its folder holds.
    func launch(_ member: Member, isBackground: Bool) throws -> ChildProcess {
        try FileManager.default.createDirectory(
            atPath: member.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let cluster = members.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
        let clientURL = "http://\(member.endpoint)"
        let arguments = [
            "--name", member.name, "--data-dir", member.data,
            "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
            "--listen-peer-urls", member.peerURL, "--initial-advertise-peer-urls", member.peerURL,
            "--initial-cluster", cluster, "--initial-cluster-state", "new", "--initial-cluster-token", token,
            "--quota-backend-bytes", "\(LocalEtcd.quotaBytes)", "--snapshot-count", "\(LocalEtcd.snapshotWrites)",
            "--logger", "zap", "--log-level", "warn", "--log-outputs", "stderr",
        ]
        let process = try ChildProcess(
            executable: try LocalEtcd.executable(), arguments: arguments, log: member.log, isBackground: isBackground,
            environment: LocalEtcd.environment)
        do {
            try Data("\(process.pid)\n".utf8).write(to: URL(fileURLWithPath: member.pidFile), options: .atomic)
        } catch {
            kill(process.pid, SIGKILL)
            throw CommandError("Cannot write \(member.pidFile): \(SystemFailure.reason(error))")
        }
        return process
    }

    /// etcd takes settings from the environment too, which would change what this network is.
    private static var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("ETCD_") }
        #if arch(arm64)
            // etcd 3.4 refuses to start on other processors than x86-64 unless it is told that this is meant.
            environment["ETCD_UNSUPPORTED_ARCH"] = "arm64"
        #endif
        return environment
    }

    /// Starts every member that does not run and waits until all are healthy.
    ///
    /// - Returns: The processes that were started, by member.
    /// - Throws: What a member said before it ended; members that this call started are stopped then.
    func start(isBackground: Bool) async throws -> [(member: Member, process: ChildProcess)] {
        var started: [(member: Member, process: ChildProcess)] = []
        do {
            for member in members where member.pid == nil {
                ChildProcess.setLogAside(member.log)
                started.append((member, try launch(member, isBackground: isBackground)))
            }
            let deadline = ContinuousClock.now + LocalEtcd.startTimeout
            for member in members {
                while !(await member.isHealthy()) {
                    if started.contains(where: { $0.member.number == member.number && $0.process.hasEnded }) {
                        throw CommandError(
                            "etcd member \(member.number) ended while it was starting. "
                                + ChildProcess.endOfLog(member.log))
                    }
                    guard ContinuousClock.now < deadline else {
                        throw CommandError(
                            "etcd member \(member.number) is not healthy after \(LocalEtcd.startTimeout); its log is "
                                + member.log)
                    }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        } catch {
            for child in started {
                kill(child.process.pid, SIGTERM)
                await child.process.wait(timeout: NetworkRunner.stopTimeout)
            }
            throw error
        }
        return started
    }

    /// Stops every running member and waits until it has ended: one after the other, because a leader that finds nobody to
    /// hand over to waits for seven seconds.
    func stop() async throws {
        for member in members {
            guard let pid = member.pid else { continue }
            kill(pid, SIGTERM)
            let deadline = ContinuousClock.now + NetworkRunner.stopTimeout
            while member.pid == pid {
                if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
