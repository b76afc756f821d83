import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Node

#if canImport(Glibc)
    import Glibc
#endif

/// Starts and stops the nodes of a local network.
struct NetworkRunner {
    /// How long nodes get to start before that counts as a failure.
    private static let startTimeout = Duration.seconds(60)
    /// How long nodes get to stop before they are killed.
    static let stopTimeout = Duration.seconds(15)
    /// A log larger than this is set aside when its node starts.
    private static let maxLogBytes = 10 << 20

    let network: LocalNetwork

    /// Starts every node that does not run and waits until all are ready.
    ///
    /// - Returns: The processes that were started.
    /// - Throws: What a node said before it ended; nodes that this call started are stopped then.
    func start(isBackground: Bool, extraArguments: [String]) async throws -> [ChildProcess] {
        var children: [(member: LocalNetwork.Member, process: ChildProcess)] = []
        for member in network.nodes where member.folder.readRun() == nil {
            setLogAside(member.folder.log)
            var arguments = ["node", "run", "--data", member.folder.path] + extraArguments
            if !isBackground { arguments.append("--lifeline") }
            let process = try ChildProcess(
                executable: NetworkRunner.executable(), arguments: arguments, log: member.folder.log,
                isBackground: isBackground)
            children.append((member, process))
        }
        do {
            try await waitUntilReady(children)
        } catch {
            for child in children { kill(child.process.pid, SIGTERM) }
            for child in children { await child.process.wait(timeout: NetworkRunner.stopTimeout) }
            throw error
        }
        return children.map(\.process)
    }

    private func waitUntilReady(_ children: [(member: LocalNetwork.Member, process: ChildProcess)]) async throws {
        let deadline = ContinuousClock.now + NetworkRunner.startTimeout
        for member in network.nodes {
            let child = children.first { $0.member.number == member.number }?.process
            while true {
                if child?.hasEnded == true { throw NetworkRunner.endedEarly(member) }
                if let run = member.folder.readRun(),
                    let status = try? await NodeClient(control: run.control).status(), status.ready
                {
                    break
                }
                guard ContinuousClock.now < deadline else { throw NetworkRunner.tooSlow(member) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private static func endedEarly(_ member: LocalNetwork.Member) -> CommandError {
        let text = (try? String(contentsOfFile: member.folder.log, encoding: .utf8)) ?? ""
        let tail = text.split(separator: "\n").suffix(5).joined(separator: "\n  ")
        return CommandError(
            "Node \(member.number) ended while it was starting. Its log \(member.folder.log) ends with:\n  \(tail)")
    }

    private static func tooSlow(_ member: LocalNetwork.Member) -> CommandError {
        CommandError("Node \(member.number) is not ready after \(startTimeout); its log is \(member.folder.log)")
    }

    private func setLogAside(_ path: String) {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        if size > NetworkRunner.maxLogBytes { rename(path, path + ".1") }
    }

    /// Stops every running node and waits until it has ended.
    ///
    /// - Returns: The numbers of the nodes that were stopped.
    func stop() async throws -> [Int] {
        let running = network.nodes.compactMap { member in member.folder.readRun().map { (member, $0) } }
        for (_, run) in running { kill(run.pid, SIGTERM) }
        let deadline = ContinuousClock.now + NetworkRunner.stopTimeout
        for (_, run) in running {
            while run.isAlive {
                if ContinuousClock.now > deadline { kill(run.pid, SIGKILL) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        return running.map(\.0.number)
    }

    /// The running executable, which is also the node.
    static func executable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    // MARK: Reporting

    /// What is known of every node, running or not.
    func report() async -> NetworkReport {
        var nodes: [NetworkReport.Node] = []
        for member in network.nodes {
            let run = member.folder.readRun()
            var status: NodeStatus?
            if let run { status = try? await NodeClient(control: run.control).status() }
            nodes.append(
                NetworkReport.Node(
                    id: member.id.description, gateway: "http://\(member.configuration.gateway)",
                    peer: member.configuration.peer.description,
                    control: "http://\(member.configuration.control)", data: member.folder.path, pid: run?.pid,
                    state: run == nil
                        ? "stopped" : status == nil ? "starting" : status?.ready == true ? "ready" : "waiting",
                    detail: status?.detail, ledger: status?.ledger, blobCount: status?.blobCount,
                    blobBytes: status?.blobBytes))
        }
        return NetworkReport(network: network.networkID.description, data: network.folder, nodes: nodes)
    }
}

/// What `up` and `status` print.
struct NetworkReport: Codable {
    struct Node: Codable {
        var id: String
        var gateway: String
        var peer: String
        var control: String
        var data: String
        /// Nil for a node that does not run.
        var pid: Int32?
        /// `ready`, `waiting`, `starting` or `stopped`.
        var state: String
        var detail: String?
        var ledger: NodeStatus.Ledger?
        var blobCount: Int?
        var blobBytes: Int?
    }

    var network: String
    var data: String
    var nodes: [Node]

    func print() {
        Terminal.print("network \(network.prefix(16)) in \(data)")
        for (index, node) in nodes.enumerated() {
            Terminal.print("")
            Terminal.print("node \(index + 1)   \(node.state)\(node.pid.map { ", pid \($0)" } ?? "")")
            Terminal.print("  id       \(node.id)")
            Terminal.print("  gateway  \(node.gateway)")
            Terminal.print("  peer     \(node.peer)")
            Terminal.print("  control  \(node.control)")
            Terminal.print("  data     \(node.data)")
            if let ledger = node.ledger {
                let role = ledger.sequencer ? ", orders transactions" : ""
                Terminal.print("  ledger   entry \(ledger.sequence), state root \(ledger.root.prefix(16))\(role)")
            }
            if let count = node.blobCount, let bytes = node.blobBytes {
                Terminal.print("  blobs    \(count), \(Human.bytes(bytes))")
            }
            if node.state == "waiting", let detail = node.detail { Terminal.print("  waiting  \(detail)") }
        }
    }
}
