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
            Lines of one request stand together, with their places in the sources. Only the function's owner may read
            them. All running nodes of the network on this machine are asked; nodes elsewhere are named with --at.
            """)

    @Argument(help: "The function's name.")
    var name: AppName

    @Flag(name: .shortAndLong, help: "Go on and show what comes, until Ctrl-C.")
    var follow = false

    @Option(help: "The least loud level to show: debug, info, warning or error.")
    var level = FunctionLogRecord.Level.debug

    @Option(help: "Records of each node at most, 1 to \(FunctionLogPage.maxCount).")
    var limit = 200

    @Option(help: ArgumentHelp("The URL of one more node's control API; may be repeated.", valueName: "url"))
    var at: [String] = []

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func validate() throws {
        guard (1...FunctionLogPage.maxCount).contains(limit) else {
            throw ValidationError("--limit must be 1 to \(FunctionLogPage.maxCount), not \(limit)")
        }
    }

    func run() async throws {
        let key = try account.load()
        let urls = try controls()
        let clients = urls.map { NodeClient(control: $0, key: key) }
        let collector = LogCollector(
            printer: LogPrinter(level: level, json: node.data.json), places: StackPlaces(name: name, clients: clients))
        let (name, limit) = (name, limit)
        var answered = 0
        var failure: (any Error)?
        var cursors: [(NodeClient, UInt64)] = []
        await withTaskGroup(of: (NodeClient, Result<FunctionLogPage, any Error>).self) { group in
            for client in clients {
                group.addTask {
                    do { return (client, .success(try await client.functionLogs(of: name, limit: limit))) } catch {
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
                    failure = failure ?? error
                    if clients.count > 1 { Terminal.note("note: \(client.control): \(error)") }
                    cursors.append((client, 0))
                }
            }
        }
        if answered == 0, let failure { throw failure }
        await collector.flush()
        guard follow else { return }
        await withDiscardingTaskGroup { group in
            for (client, cursor) in cursors {
                group.addTask { await FunctionsLogsCommand.follow(client, name, from: cursor, collector) }
            }
            group.addTask { await collector.run() }
        }
    }

    private func controls() throws -> [String] {
        if node.node != nil || node.data.nodeFolder != nil { return [try node.resolve().control] + at }
        guard LocalNetwork.exists(node.data.path) else {
            guard at.isEmpty else { return at }
            return [try node.resolve().control]
        }
        let running = try node.data.network.nodes.compactMap { $0.folder.readRun()?.control }
        guard !running.isEmpty || !at.isEmpty else { throw LocalNetwork.notRunning(node.data.path) }
        return running + at
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
                if !isAway { Terminal.note("note: \(client.control): \(error)") }
                isAway = true
                try? await Task.sleep(for: pause)
            }
        }
    }
}

extension FunctionLogRecord.Level: ExpressibleByArgument {}
