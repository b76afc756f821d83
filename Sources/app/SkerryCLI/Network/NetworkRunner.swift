import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Node

#if canImport(Glibc)
    import Glibc
#endif

/// Starts and stops the processes of a local network.
struct NetworkRunner {
    /// How long nodes get to start before that counts as a failure.
    private static let startTimeout = Duration.seconds(60)
    /// How long processes get to stop before they are killed.
    static let stopTimeout = Duration.seconds(15)

    let network: LocalNetwork
    var isBackground = false
    /// For `node run`, beside the folder.
    var nodeArguments: [String] = []

    /// Starts one node, without waiting for it.
    func launch(_ member: LocalNetwork.Member) throws -> ChildProcess {
        ChildProcess.setLogAside(member.folder.log)
        var arguments = ["node", "run", "--data", member.folder.path] + nodeArguments
        if !isBackground { arguments.append("--lifeline") }
        return try ChildProcess(
            executable: NetworkRunner.executable(), arguments: arguments, log: member.folder.log,
            isBackground: isBackground)
    }

    /// Starts every node that does not run and waits until all are ready.
    ///
    /// - Returns: The processes that were started.
    /// - Throws: What a node said before it ended; nodes that this call started are stopped then.
    func startNodes() async throws -> [(member: LocalNetwork.Member, process: ChildProcess)] {
        var children: [(member: LocalNetwork.Member, process: ChildProcess)] = []
        do {
            for member in network.nodes where member.folder.readRun() == nil {
                children.append((member, try launch(member)))
            }
            try await waitUntilReady(&children)
        } catch {
            for child in children { kill(child.process.pid, SIGTERM) }
            for child in children { await child.process.wait(timeout: NetworkRunner.stopTimeout) }
            throw error
        }
        return children
    }

    private func waitUntilReady(
        _ children: inout [(member: LocalNetwork.Member, process: ChildProcess)]
    ) async throws {
        let deadline = ContinuousClock.now + NetworkRunner.startTimeout
        for member in network.nodes {
            var child = children.first { $0.member.number == member.number }?.process
            while true {
                // It was about to stop when this began.
                if child == nil, member.folder.readRun() == nil {
                    let process = try launch(member)
                    children.append((member, process))
                    child = process
                }
                if child?.hasEnded == true {
                    throw CommandError(
                        "Node \(member.number) ended while it was starting. "
                            + ChildProcess.endOfLog(member.folder.log))
                }
                if let run = member.folder.readRun(),
                    let status = try? await NodeClient(control: run.control).status(), status.ready
                {
                    break
                }
                guard ContinuousClock.now < deadline else {
                    throw CommandError(
                        "Node \(member.number) is not ready after \(NetworkRunner.startTimeout); its log is "
                            + member.folder.log)
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Stops every running node, then the etcd members, and waits until all have ended.
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
        try await network.etcd?.stop()
        return running.map(\.0.number)
    }

    /// The running executable, which is also the node.
    static func executable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    // MARK: Reporting

    /// How long a node may take to say how it is.
    private static let statusPatience = Duration.seconds(3)

    /// What the nodes say of themselves; nil for one that does not answer.
    private static func statuses(of controls: [String?]) async -> [NodeStatus?] {
        await withTaskGroup(of: (Int, NodeStatus?).self) { group in
            for case (let index, let control?) in controls.enumerated() {
                group.addTask { (index, try? await NodeClient(control: control).status()) }
            }
            group.addTask {
                try? await Task.sleep(for: statusPatience)
                return (-1, nil)
            }
            var statuses = [NodeStatus?](repeating: nil, count: controls.count)
            var waiting = controls.count { $0 != nil }
            while waiting > 0, let (index, status) = await group.next(), index >= 0 {
                statuses[index] = status
                waiting -= 1
            }
            group.cancelAll()
            return statuses
        }
    }

    /// What is known of every process, running or not.
    func report() async -> NetworkReport {
        let runs = network.nodes.map { $0.folder.readRun() }
        let statuses = await NetworkRunner.statuses(of: runs.map { $0?.control })
        var nodes: [NetworkReport.Node] = []
        for (member, (run, status)) in zip(network.nodes, zip(runs, statuses)) {
            nodes.append(
                NetworkReport.Node(
                    id: member.id.description, gateway: "http://\(member.configuration.gateway)",
                    https: member.configuration.secure.map { "https://\($0)" },
                    peer: member.configuration.peer.description,
                    control: "http://\(member.configuration.control)", data: member.folder.path, pid: run?.pid,
                    state: run == nil
                        ? "stopped" : status == nil ? "starting" : status?.ready == true ? "ready" : "waiting",
                    detail: status?.detail, ledger: status?.ledger, blobCount: status?.blobCount,
                    blobBytes: status?.blobBytes, warnings: status?.warnings))
        }
        var report = NetworkReport(network: network.networkID.description, data: network.folder, nodes: nodes)
        guard let etcd = network.etcd else { return report }
        var members: [NetworkReport.EtcdMember] = []
        for member in etcd.members {
            let pid = member.pid
            let state = pid == nil ? "stopped" : await member.isHealthy() ? "healthy" : "unhealthy"
            members.append(.init(endpoint: member.endpoint, data: member.folder, pid: pid, state: state))
        }
        report.etcd = members
        return report
    }
}
