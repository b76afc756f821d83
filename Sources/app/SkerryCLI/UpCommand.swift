import ArgumentParser
import Foundation
import Identity
import Node
import UnixSignals

#if canImport(Glibc)
    import Glibc
#endif

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start a network on this machine.",
        discussion: """
            Makes the network on first use, then starts every node that does not run. Each node is a process of its own
            with its own key, ports and data folder. Without --detach the command stays until Ctrl-C and then stops the
            nodes that it started; with --detach they go on until `skerry down`.
            """)

    @Option(
        help:
            "How many nodes a new network gets (1 to \(LocalNetwork.maxNodes)). Default: \(LocalNetwork.defaultNodes).")
    var nodes: Int?

    @Flag(help: "Leave the nodes running in the background.")
    var detach = false

    @Option(help: "The nodes' log format: text or json.")
    var logFormat = "text"

    @OptionGroup var data: DataOption
    @OptionGroup var account: AccountOption

    func validate() throws {
        if let nodes, !(1...LocalNetwork.maxNodes).contains(nodes) {
            throw ValidationError("--nodes must be 1 to \(LocalNetwork.maxNodes), not \(nodes)")
        }
    }

    func run() async throws {
        // Trapped before anything starts, so that Ctrl-C never leaves half a network behind.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let network = try open()
        let runner = NetworkRunner(network: network)
        let startup = ContinuousClock.now
        let children = try await runner.start(isBackground: detach, extraArguments: ["--log-format", logFormat])
        let report = await runner.report()
        if data.json {
            try Terminal.printJSON(report)
        } else {
            report.print()
            Terminal.print("")
            Terminal.print("\(network.nodes.count) nodes ready after \(Human.seconds(ContinuousClock.now - startup)).")
            Terminal.print("Deploy:  skerry deploy <folder or file.js> --name <name>\(suffix)")
            Terminal.print(detach ? "Stop:    skerry down\(suffix)" : "Stop:    Ctrl-C")
        }
        if detach || children.isEmpty { return }
        await wait(for: signals, or: children)
        for child in children { kill(child.pid, SIGTERM) }
        for child in children { await child.wait(timeout: NetworkRunner.stopTimeout) }
        if !data.json { Terminal.print("stopped") }
    }

    private var suffix: String { data.data.map { " --data \($0)" } ?? "" }

    private func open() throws -> LocalNetwork {
        let folder = data.path
        guard LocalNetwork.exists(folder) else {
            return try LocalNetwork.create(
                folder, count: nodes ?? LocalNetwork.defaultNodes, operatorKey: try account.load())
        }
        let network = try LocalNetwork.open(folder)
        if let nodes, nodes != network.nodes.count {
            throw CommandError(
                "The network in \(folder) has \(network.nodes.count) nodes, not \(nodes); leave --nodes out to start it, or "
                    + "make another one with --data")
        }
        return network
    }

    /// Returns at a signal, or when the last node has ended by itself.
    private func wait(for signals: UnixSignalsSequence, or children: [ChildProcess]) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            group.addTask { [pids = children.map(\.pid)] in await UpCommand.watch(pids) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Says which nodes end by themselves; returns when none is left. Reaping is left to their owner.
    private static func watch(_ pids: [pid_t]) async {
        var alive = Set(pids)
        while !alive.isEmpty, (try? await Task.sleep(for: .milliseconds(200))) != nil {
            for pid in alive where NodeRun.hasEnded(pid) {
                alive.remove(pid)
                Terminal.note("The node with pid \(pid) ended; `skerry up` in another terminal starts it again")
            }
        }
    }
}
