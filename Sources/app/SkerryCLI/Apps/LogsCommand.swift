import ArgumentParser
import Client
import ControlModel
import FunctionLogs
import Identity
import Ledger
import Manifests

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what an app's function and machines wrote, on all nodes.",
        discussion: """
            Only the app's owner may read it. `skerry functions logs` and `skerry machines logs` show one kind only \
            and have more options. With --json one object a line.
            """)

    @Argument(help: "The app's name.", transform: AppName.argument)
    var name: AppName

    @Flag(name: .shortAndLong, help: "Go on and show what comes, until Ctrl-C.")
    var follow = false

    @Option(name: .tail, help: "Records of each node, and lines of each machine, at first, 1 to 1,000.")
    var tail = 100

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func validate() throws {
        guard (1...MachineOrder.maxLines).contains(tail) else {
            throw ValidationError("--tail must be 1 to \(MachineOrder.maxLines), not \(tail)")
        }
    }

    func run() async throws {
        let client = try node.client()
        let manifest = try await liveManifest(client)
        guard manifest.hasFunction || manifest.machine != nil else {
            throw CommandError(
                "\(name) has no function and no machine that could write anything; its visitors' requests are in the nodes' "
                    + "logs")
        }
        let key = try account.load()
        let (name, tail, follow, json) = (name, tail, follow, node.data.json)
        let clients = try FunctionsLogsCommand.clients(node, account)
        try await withThrowingDiscardingTaskGroup { group in
            if manifest.hasFunction {
                group.addTask {
                    try await FunctionsLogsCommand.show(
                        name, from: clients, limit: tail, follow: follow, LogPrinter(level: .debug, json: json))
                }
            }
            if manifest.machine != nil {
                let app = try await client.machines().apps.first { $0.app == name.description }
                let machines = (app?.machines ?? []).filter { $0.node != nil && $0.state != "draining" }
                if machines.isEmpty { Terminal.note("note: no node has a machine of \(name) now") }
                group.addTask {
                    try await MachinesLogsCommand.show(
                        machines, from: client, key, tail: tail, follow: follow, json: json)
                }
            }
        }
    }

    private func liveManifest(_ client: NodeClient) async throws -> Manifest {
        guard let live = try await node.info(of: name).releases.first(where: \.live) else {
            throw CommandError("\(name) has no live release; `skerry deploy` publishes one")
        }
        return try await client.manifest(of: live)
    }
}

extension Manifest {
    /// Whether there is code that answers requests.
    fileprivate var hasFunction: Bool {
        switch self {
        case .function: true
        case .composite(let composite):
            composite.parts.contains { if case .function = $0.content { true } else { false } }
        case .site, .origin, .machine: false
        }
    }
}
