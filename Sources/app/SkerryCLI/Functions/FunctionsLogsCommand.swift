public import ArgumentParser
import Client
import ControlModel
import Foundation
public import FunctionLogs
import Ledger
import Node

struct FunctionsLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what a function wrote and how its requests ended, on all nodes.",
        discussion: """
            Lines of one request stand together, with their places in the sources. Only the function's owner may read \
            them. All running nodes of the network on this machine are asked; nodes elsewhere are named with --at.
            """)

    @Argument(help: "The function's name.", transform: AppName.argument)
    var name: AppName

    @Flag(name: .shortAndLong, help: "Go on and show what comes, until Ctrl-C.")
    var follow = false

    @Option(help: "The least loud level to show: debug, info, warning or error.")
    var level = FunctionLogRecord.Level.debug

    @Option(name: .tail, help: "Records of each node at first, 1 to \(FunctionLogPage.maxCount).")
    var limit = 200

    @Option(help: ArgumentHelp("The URL of one more node's control API; may be repeated.", valueName: "url"))
    var at: [String] = []

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func validate() throws {
        guard (1...FunctionLogPage.maxCount).contains(limit) else {
            throw ValidationError("--tail must be 1 to \(FunctionLogPage.maxCount), not \(limit)")
        }
    }

    func run() async throws {
        let clients = try FunctionsLogsCommand.clients(node, at: at, account)
        try await FunctionsLogsCommand.show(
            name, from: clients, limit: limit, follow: follow, LogPrinter(level: level, json: node.data.json))
    }

    /// Shows what nodes have of a function's log.
    ///
    /// - Throws: What the first node said, if none has any.
    static func show(
        _ name: AppName, from clients: [NodeClient], limit: Int, follow: Bool, _ printer: LogPrinter
    ) async throws {
        let collector = LogCollector(printer: printer, places: StackPlaces(name: name, clients: clients))
        var answered = 0
        var failures: [(control: String, error: any Error)] = []
        var cursors: [(NodeClient, UInt64)] = []
        await withTaskGroup(of: (NodeClient, Result<FunctionLogPage, any Error>).self) { group in
            for client in clients {
                group.addTask {
                    do {
                        return (client, .success(try await newest(limit, of: name, from: client, printer.level)))
                    } catch {
                        return (client, .failure(error))
                    }
                }
            }
            for await (client, result) in group {
                switch result {
                case .success(let page):
                    answered += 1
                    await collector.add(page)
                    cursors.append((client, page.next))
                case .failure(let error):
                    failures.append((client.control, error))
                    cursors.append((client, 0))
                }
            }
        }
        if answered == 0, let first = failures.first { throw first.error }
        for (control, error) in failures { Terminal.note("note: \(control): \(Terminal.sentence(error))") }
        await collector.flush()
        guard follow else { return }
        await withDiscardingTaskGroup { group in
            for (client, cursor) in cursors {
                group.addTask { await FunctionsLogsCommand.follow(client, name, from: cursor, collector) }
            }
            group.addTask { await collector.run() }
        }
    }

    /// The newest records of a level, with what their requests wrote between them.
    private static func newest(
        _ limit: Int, of name: AppName, from client: NodeClient, _ level: FunctionLogRecord.Level
    ) async throws -> FunctionLogPage {
        guard FunctionLogRecord.Level.allCases.contains(where: { $0 < level }) else {
            return try await client.functionLogs(of: name, limit: limit)
        }
        // A node does not look at levels: all that it has is looked through.
        var page = try await client.functionLogs(of: name)
        let loud = page.records.indices.filter { page.records[$0].level >= level }
        if loud.count > limit { page.records.removeFirst(loud[loud.count - limit]) }
        return page
    }

    /// The node that is named, or else all that run on this machine, and further ones by the URLs of their control APIs.
    static func clients(
        _ node: NodeOption, at further: [String] = [], _ account: AccountOption
    ) throws -> [NodeClient] {
        let key = try account.load()
        return try controls(node, further).map { NodeClient(control: $0, key: key) }
    }

    private static func controls(_ node: NodeOption, _ further: [String]) throws -> [String] {
        if node.node != nil || node.data.nodeFolder != nil { return [try node.resolve().control] + further }
        guard LocalNetwork.exists(node.data.path) else {
            guard further.isEmpty else { return further }
            return [try node.resolve().control]
        }
        let running = try node.data.network.nodes.compactMap { $0.folder.readRun()?.control }
        guard !running.isEmpty || !further.isEmpty else { throw LocalNetwork.notRunning(node.data.path) }
        return running + further.filter { !running.contains($0) }
    }

    /// How long a node waits for news, and how long this waits for a node that does not answer.
    private static let wait = Duration.seconds(20)
    private static let pause = Duration.seconds(1)

    private static func follow(
        _ client: NodeClient, _ name: AppName, from first: UInt64, _ collector: LogCollector
    ) async {
        var cursor = first
        var isAway = false
        while !Task.isCancelled {
            do {
                let page = try await client.functionLogs(of: name, after: cursor, wait: wait)
                if isAway { Terminal.note("note: \(client.control) answers again") }
                isAway = false
                cursor = page.next
                await collector.add(page)
                await collector.show()
            } catch {
                if !isAway { Terminal.note("note: \(client.control): \(Terminal.sentence(error))") }
                isAway = true
                try? await Task.sleep(for: pause)
            }
        }
    }
}

extension FunctionLogRecord.Level: ExpressibleByArgument {}
