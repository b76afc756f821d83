import Foundation
import Node

#if canImport(Glibc)
    import Glibc
#endif

/// Starts the processes of a local network, keeps them running, and stops those that it started.
actor NetworkSupervisor {
    /// What a process is.
    private enum Role {
        case node(LocalNetwork.Member)
        case etcd(LocalEtcd.Member)

        var name: String {
            switch self {
            case .node(let member): "Node \(member.number)"
            case .etcd(let member): "etcd member \(member.number)"
            }
        }

        var log: String {
            switch self {
            case .node(let member): member.folder.log
            case .etcd(let member): member.log
            }
        }

        /// Whether somebody else started it again.
        var isRunning: Bool {
            switch self {
            case .node(let member): member.folder.readRun() != nil
            case .etcd(let member): member.pid != nil
            }
        }
    }

    private struct Child {
        let role: Role
        var process: ChildProcess
        var started = ContinuousClock.now
        var backoff = RestartBackoff()
        /// When to start it again; nil while it runs.
        var restart: ContinuousClock.Instant?
    }

    private static let pollInterval = Duration.milliseconds(200)

    private let runner: NetworkRunner
    private var children: [Child] = []
    private var guardian: ChildProcess?

    init(_ runner: NetworkRunner) { self.runner = runner }

    /// Whether everything was ready once.
    private(set) var isReady = false
    /// Whether it started anything.
    private(set) var hasStarted = false

    /// Starts what does not run, the etcd members first, and waits until all is ready.
    ///
    /// - Throws: What went wrong, or that it was cancelled; what this call started is stopped then.
    func start() async throws {
        if let etcd = runner.network.etcd {
            let members = try await etcd.start(isBackground: runner.isBackground)
            children += members.map { Child(role: .etcd($0.member), process: $0.process) }
        }
        do {
            if !children.isEmpty, !runner.isBackground { guardian = try startGuardian() }
            children += try await runner.startNodes().map { Child(role: .node($0.member), process: $0.process) }
        } catch {
            await stop()
            throw error
        }
        hasStarted = !children.isEmpty
        isReady = true
    }

    /// A process that stops the etcd members when this one is killed: unlike nodes, they do not watch a lifeline.
    private func startGuardian() throws -> ChildProcess {
        try ChildProcess(
            executable: NetworkRunner.executable(),
            arguments: ["down", "--when-orphaned", "--data", runner.network.folder], log: "/dev/null",
            isBackground: false)
    }

    /// Restarts what fails; returns when cancelled, or when everything was stopped on purpose.
    func watch() async {
        while !children.isEmpty {
            for index in children.indices.reversed() { look(at: index) }
            guard (try? await Task.sleep(for: NetworkSupervisor.pollInterval)) != nil else { return }
        }
    }

    private func look(at index: Int) {
        let child = children[index]
        if let restart = child.restart {
            guard ContinuousClock.now >= restart else { return }
            if child.role.isRunning { children.remove(at: index) } else { start(index) }
        } else if child.process.hasEnded {
            guard !child.process.endedOnPurpose else {
                Terminal.note("\(child.role.name) was stopped; `skerry up` in another terminal starts it again")
                children.remove(at: index)
                return
            }
            let delay = children[index].backoff.delay(afterRunning: ContinuousClock.now - child.started)
            children[index].restart = ContinuousClock.now + delay
            Terminal.note(
                "\(child.role.name) (pid \(child.process.pid)) failed and starts again in \(Human.seconds(delay)); "
                    + "its log is \(child.role.log)")
        }
    }

    private func start(_ index: Int) {
        do {
            switch children[index].role {
            case .node(let member): children[index].process = try runner.launch(member)
            case .etcd(let member):
                guard let etcd = runner.network.etcd else { return }
                children[index].process = try etcd.launch(member, isBackground: runner.isBackground)
            }
            children[index].restart = nil
            children[index].started = .now
            Terminal.note("\(children[index].role.name) runs again, pid \(children[index].process.pid)")
        } catch {
            let delay = children[index].backoff.delay(afterRunning: .zero)
            children[index].restart = ContinuousClock.now + delay
            Terminal.note("\(children[index].role.name) cannot be started: \(Terminal.sentence(error))")
        }
    }

    /// Stops what was started: the nodes first, because they need the members.
    func stop() async {
        if let guardian {
            kill(guardian.pid, SIGKILL)
            await guardian.wait(timeout: NetworkRunner.stopTimeout)
        }
        guardian = nil
        let running = children.filter { $0.restart == nil }
        children = []
        let nodes = running.filter { if case .node = $0.role { true } else { false } }
        for child in nodes where !child.process.hasEnded { kill(child.process.pid, SIGTERM) }
        for child in nodes { await child.process.wait(timeout: NetworkRunner.stopTimeout) }
        // One after the other, as in LocalEtcd.stop().
        for child in running {
            guard case .etcd = child.role, !child.process.hasEnded else { continue }
            kill(child.process.pid, SIGTERM)
            await child.process.wait(timeout: NetworkRunner.stopTimeout)
        }
    }
}
