import ArgumentParser
import Foundation
import Identity
import Node
import Telemetry
import UnixSignals

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start a network on this machine.",
        discussion: """
            Makes the network on first use, then starts every node that does not run. Each node is a process of its \
            own with its own key, ports and data folder. Without --detach the command stays until Ctrl-C and then \
            stops the nodes that it started; until then it starts a node again that fails. With --detach they go on \
            until `skerry down`, and nobody starts them again.

            With --ledger etcd the ledger's log is kept by three etcd members (Debian's package etcd-server), which \
            this command starts too: any node may then order transactions, and the death of one node or one member \
            stops nothing.
            """)

    @Option(
        help:
            "How many nodes a new network gets (1 to \(LocalNetwork.maxNodes)). Default: \(LocalNetwork.defaultNodes).")
    var nodes: Int?

    @Option(help: "Where a new network keeps its ledger's log: sqlite or etcd. Default: sqlite.")
    var ledger: LocalNetwork.LedgerEngine?

    @Option(
        help: ArgumentHelp(
            "The length of a new network's epochs, such as 10s, 5m or 1h; at least 1s. Default: 1h.",
            valueName: "time"),
        transform: SimulationNumber.seconds)
    var epoch: Double?

    @Flag(help: "Leave the nodes running in the background.")
    var detach = false

    @Option(help: "The nodes' log format: text or json.")
    var logFormat = StructuredLog.Format.text

    @Option(
        help: ArgumentHelp(
            "Bytes that each node's blobs may take, such as 20GB or 512MiB. Default: what the disk gives.",
            valueName: "size"))
    var quota: ByteSize?

    @Option(
        help: ArgumentHelp(
            "How long leases of machines are, such as 5s: a machine of a node that dies starts elsewhere after that. 1s to "
                + "1h. Default: 15s.", valueName: "time"))
    var machineLease: LeaseLength?

    @OptionGroup var data: DataOption
    @OptionGroup var account: AccountOption

    func validate() throws {
        if let nodes, !(1...LocalNetwork.maxNodes).contains(nodes) {
            throw ValidationError("--nodes must be 1 to \(LocalNetwork.maxNodes), not \(nodes)")
        }
        if let epoch, epoch < 1 { throw ValidationError("--epoch must be at least 1s, not \(epoch)s") }
    }

    func run() async throws {
        if let node = data.nodeFolder {
            throw CommandError(
                "\(node.path) is the folder of one node, which `skerry node run --data \(node.path)` runs; name the folder of "
                    + "a network with --data")
        }
        // Trapped before anything starts, so that Ctrl-C never leaves half a network behind.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let lock = try NetworkLock(data.path)
        let limits =
            (quota.map { ["--quota", "\($0.bytes)"] } ?? [])
            + (machineLease.map { ["--machine-lease", "\($0.milliseconds)"] } ?? [])
        let runner = NetworkRunner(
            network: try open(), isBackground: detach, nodeArguments: ["--log-format", logFormat.rawValue] + limits)
        let supervisor = NetworkSupervisor(runner)
        let (json, suffix) = (data.json, data.data.map { " --data \($0)" } ?? "")
        // At a signal, starting and watching is cancelled.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            group.addTask {
                let startup = ContinuousClock.now
                try await supervisor.start()
                lock.release()
                let duration = ContinuousClock.now - startup
                let report = await runner.report()
                // Nodes that ran already go on when this ends.
                let hasStarted = await supervisor.hasStarted
                let stays = runner.isBackground || !hasStarted
                try json ? Terminal.printJSON(report) : UpCommand.show(report, duration, stays, suffix)
                if !runner.isBackground { await supervisor.watch() }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        guard await supervisor.isReady else {
            throw CommandError("Stopped before the network was ready; `skerry up` starts it")
        }
        guard !detach, await supervisor.hasStarted else { return }
        await supervisor.stop()
        if !json { Terminal.print("stopped") }
    }

    private static func show(_ report: NetworkReport, _ duration: Duration, _ stays: Bool, _ suffix: String) {
        report.print()
        Terminal.print("")
        Terminal.print("\(Human.count(report.nodes.count, "node")) ready after \(Human.seconds(duration)).")
        Terminal.print("Deploy:  skerry deploy <folder or file.js> --name <name>\(suffix)")
        if let first = report.nodes.first { Terminal.print("Look:    \(first.control)/ in a browser") }
        Terminal.print(stays ? "Stop:    skerry down\(suffix)" : "Stop:    Ctrl-C")
    }

    private func open() throws -> LocalNetwork {
        let folder = data.path
        guard LocalNetwork.exists(folder) else {
            var options = LocalNetwork.Options()
            if let nodes { options.nodeCount = nodes }
            if let ledger { options.engine = ledger }
            options.epochMilliseconds = epoch.map { UInt64($0 * 1_000) }
            return try LocalNetwork.create(folder, options, operatorKey: try account.load())
        }
        let network = try LocalNetwork.open(folder)
        if let nodes, nodes != network.nodes.count {
            throw CommandError(
                "The network in \(folder) has \(network.nodes.count) nodes, not \(nodes); leave --nodes out to start it, or "
                    + "make another one with --data")
        }
        if let ledger, ledger != network.engine {
            throw CommandError(
                "The network in \(folder) keeps its ledger in \(network.engine.rawValue), not \(ledger.rawValue); leave "
                    + "--ledger out to start it, or make another one with --data")
        }
        if epoch != nil {
            throw CommandError(
                "The network in \(folder) exists already; change its epochs with `skerry network params set epoch_ms "
                    + "<milliseconds>`, or make another one with --data")
        }
        return network
    }
}

extension LocalNetwork.LedgerEngine: ExpressibleByArgument {}
