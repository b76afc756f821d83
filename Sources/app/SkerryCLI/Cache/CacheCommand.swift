import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger

struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Purge and look at what the nodes store of an app's origins.",
        discussion: "Only the app's owner may.",
        subcommands: [CachePurgeCommand.self, CacheStatsCommand.self, CacheInspectCommand.self])
}

/// Whose stored answers a command is about.
struct CacheOptions: ParsableArguments {
    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func client() throws -> NodeClient { try node.client(key: try account.load()) }

    /// The app that a URL belongs to: by its name under localhost, or by a domain that is bound to it.
    func app(of url: String, _ client: NodeClient) async throws -> AppName {
        guard let host = URLComponents(string: url)?.host?.lowercased() else {
            throw CommandError("\"\(url)\" is not an absolute URL, such as http://shop.localhost:8080/a.png")
        }
        let labels = host.split(separator: ".")
        if labels.count == 2, labels[1] == "localhost", let name = AppName(String(labels[0])) { return name }
        let found = try await client.names().names.first { $0.domains.contains(host) }
        guard let name = found.flatMap({ AppName($0.name) }) else {
            throw CommandError("No app has the domain \(host); name the app with --app")
        }
        return name
    }
}

struct CachePurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Serve stored answers no more, on all nodes.",
        discussion: """
            Give one URL, or --surrogate-key, --host or --all. When the command returns, the listed nodes serve \
            nothing of it; nodes that are away hear of it before they take part again. With --soft, what is stored \
            becomes stale instead: it is validated, and serves while the origin fails.
            """)

    @Argument(help: "The URL whose variants are purged.")
    var url: String?

    @Option(
        help: ArgumentHelp("The app's name; found by the URL's host if left out.", valueName: "name"),
        transform: AppName.argument)
    var app: AppName?

    @Option(help: ArgumentHelp("Purge all that carries this surrogate key.", valueName: "key"))
    var surrogateKey: String?

    @Option(help: ArgumentHelp("Purge all of this host.", valueName: "host"))
    var host: String?

    @Flag(help: "Purge everything of the app.")
    var all = false

    @Flag(help: "Make it stale rather than forget it.")
    var soft = false

    @OptionGroup var genesis: GenesisOption
    @OptionGroup var options: CacheOptions

    func validate() throws {
        guard [url != nil, surrogateKey != nil, host != nil, all].filter({ $0 }).count == 1 else {
            throw ValidationError("Say what is purged: a URL, --surrogate-key, --host or --all")
        }
        if url == nil, app == nil { throw ValidationError("Name the app with --app") }
    }

    func run() async throws {
        let client = try options.client()
        var name = app
        if name == nil, let url { name = try await options.app(of: url, client) }
        guard let name else { throw CommandError("Name the app with --app") }
        let (scope, value): (PurgeOrder.Scope, String) =
            if let url { (.url, url) } else if let surrogateKey { (.key, surrogateKey) } else if let host {
                (.host, host.lowercased())
            } else {
                (.everything, "")
            }
        let order = try PurgeOrder(
            signing: scope, value, isSoft: soft, of: name, network: try genesis.resolve(options.node.data),
            time: Int64(Date().timeIntervalSince1970 * 1_000), key: try options.account.load())
        let receipt = try await client.purgeCache(order)
        if options.node.data.json { return try Terminal.printJSON(receipt) }
        let rows = receipt.nodes.map { node in
            [
                String(node.id.prefix(8)), CachePurgeCommand.milliseconds(node.milliseconds), "\(node.hits)",
                Terminal.safe(node.problem ?? "done"),
            ]
        }
        for line in Human.table([["NODE", "TIME", "HITS", "STATE"]] + rows) { Terminal.print(line) }
        let behind = receipt.nodes.filter { $0.problem != nil }.count
        if behind > 0 {
            Terminal.note(
                "note: \(behind) of \(receipt.nodes.count) nodes did not answer; they purge when they are back")
        }
    }

    private static func milliseconds(_ time: Double) -> String { String(format: "%.1f ms", time) }
}

struct CacheStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show hits, misses and what is stored of an app, by node.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @OptionGroup var options: CacheOptions

    func run() async throws {
        let statistics = try await options.client().cacheStatistics(of: app)
        if options.node.data.json { return try Terminal.printJSON(statistics) }
        let rows = statistics.nodes.map { node in
            [
                String(node.node.prefix(8)), "\(node.hits)", "\(node.misses)", "\(node.joined)", "\(node.passes)",
                "\(node.originRequests)", "\(node.peerFills)", "\(node.purged)", "\(node.storedEntries)",
                "\(node.storedBytes)", Terminal.safe(node.problem ?? ""),
            ]
        }
        let head = [
            "NODE", "HITS", "MISSES", "JOINED", "PASSED", "ORIGIN", "PEERS", "PURGED", "STORED", "BYTES", "",
        ]
        for line in Human.table([head] + rows) { Terminal.print(line) }
    }
}

struct CacheInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what the nodes store of a URL, and why it is fresh or not.")

    @Argument(help: "An absolute URL, as visitors have it.")
    var url: String

    @Option(
        help: ArgumentHelp("The app's name; found by the URL's host if left out.", valueName: "name"),
        transform: AppName.argument)
    var app: AppName?

    @OptionGroup var options: CacheOptions

    func run() async throws {
        let client = try options.client()
        let name: AppName = if let app { app } else { try await options.app(of: url, client) }
        let inspection = try await client.cacheInspection(of: name, url: url)
        if options.node.data.json { return try Terminal.printJSON(inspection) }
        for node in inspection.nodes {
            let role = node.isShield ? " (asks the origin for all)" : ""
            Terminal.print("node \(node.node.prefix(8))\(role)")
            if let problem = node.problem { Terminal.print("  \(Terminal.safe(problem))") }
            if node.variants.isEmpty, node.problem == nil { Terminal.print("  nothing is stored") }
            for variant in node.variants { show(variant) }
        }
    }

    private func show(_ variant: CacheInspection.Variant) {
        Terminal.print("  \(variant.status) \(Terminal.safe(variant.url))")
        if !variant.variant.isEmpty {
            Terminal.print("    for     \(Terminal.safe(variant.variant.replacingOccurrences(of: "\n", with: "; ")))")
        }
        Terminal.print("    age     \(variant.ageSeconds) s; \(Terminal.safe(variant.reason))")
        let total = variant.totalBytes.map { " of \($0)" } ?? ""
        let place = variant.isInMemory ? "in memory" : "on the disk"
        Terminal.print("    body    \(variant.heldBytes)\(total) bytes \(place), blob \(Terminal.safe(variant.blob))")
        if let tag = variant.tag { Terminal.print("    etag    \(Terminal.safe(tag))") }
        if !variant.surrogateKeys.isEmpty {
            Terminal.print("    keys    \(Terminal.safe(variant.surrogateKeys.joined(separator: " ")))")
        }
        Terminal.print("    hits    \(variant.hits)")
    }
}
