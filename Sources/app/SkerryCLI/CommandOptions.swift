public import ArgumentParser
import Client
import ControlModel
import Foundation
public import Identity
public import Ledger
import Node

/// Where the network on this machine keeps its data.
struct DataOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The data folder of the network, or of one node. Default: $SKERRY_DATA, else $XDG_DATA_HOME/skerry, else ~/.local/share/skerry.",
            valueName: "folder"), completion: .directory)
    var data: String?

    @Flag(help: "Print JSON for scripts.")
    var json = false

    var path: String {
        let path = data ?? Surroundings["SKERRY_DATA"] ?? Surroundings.folder("XDG_DATA_HOME", usual: ".local/share")
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }

    func validate() throws {
        // As a script writes it whose variable is empty: it would be the folder that the script runs in.
        if data?.isEmpty == true { throw ValidationError("--data is empty; name a folder, or leave it out") }
    }

    var network: LocalNetwork {
        get throws { try LocalNetwork.open(path) }
    }

    /// The folder as that of a single node, if it is one: it need not belong to a network on this machine.
    var nodeFolder: NodeFolder? {
        let folder = NodeFolder(path)
        return FileManager.default.fileExists(atPath: folder.configuration) ? folder : nil
    }
}

/// Which node a command talks to.
struct NodeOption: ParsableArguments {
    @OptionGroup var data: DataOption

    @Option(
        help: ArgumentHelp(
            "The node to use: its number, the beginning of its id, or the URL of its control API. Default: the first that "
                + "runs.", valueName: "node"))
    var node: String?

    /// Whether the node is named by its URL, so that it need not be on this machine.
    var isURL: Bool { node?.hasPrefix("http://") == true || node?.hasPrefix("https://") == true }

    /// The addresses of the chosen node.
    func resolve() throws -> (control: String, gateway: String?) {
        if let node, isURL {
            return (node.hasSuffix("/") ? String(node.dropLast()) : node, nil)
        }
        if let folder = data.nodeFolder {
            guard node == nil else { throw ValidationError("\(folder.path) is one node; leave --node out") }
            guard let run = folder.readRun() else {
                throw CommandError(
                    "The node in \(folder.path) is not running; start it with `skerry node run --data \(folder.path)`, or name "
                        + "another one by its URL with --node")
            }
            return (run.control, run.gateway)
        }
        let network = try data.network
        let running = network.nodes.compactMap { $0.folder.readRun() }
        guard let node else {
            guard let first = running.first else { throw LocalNetwork.notRunning(network.folder) }
            return (first.control, first.gateway)
        }
        if let number = Int(node), node.utf8.count < 6 {
            guard network.nodes.indices.contains(number - 1) else {
                throw CommandError("There is no node \(number); the network has nodes 1 to \(network.nodes.count)")
            }
            guard let run = network.nodes[number - 1].folder.readRun() else {
                throw CommandError("Node \(number) is not running; start it with `skerry up`")
            }
            return (run.control, run.gateway)
        }
        let matches = running.filter { $0.id.hasPrefix(node) }
        guard matches.count == 1, let match = matches.first else {
            throw CommandError(
                matches.isEmpty
                    ? "No node that runs has an id that begins with \"\(node)\"; `skerry status` shows those that there are"
                    : "\"\(node)\" is the beginning of \(matches.count) running nodes' ids; write more of it")
        }
        return (match.control, match.gateway)
    }

    /// What the node knows of an app.
    ///
    /// - Throws: ``CommandError`` if nobody owns the name.
    func info(of name: AppName) async throws -> NameInfo {
        guard let info = try await client().name(name) else {
            throw CommandError("Nobody owns the name \"\(name)\"; `skerry releases list` shows all names")
        }
        return info
    }

    func client(key: SigningKey? = nil) throws -> NodeClient { .ofCommand(try resolve().control, key: key) }

    func gateway() async throws -> String {
        let (control, gateway) = try resolve()
        if let gateway { return gateway }
        return try await NodeClient(control: control).status().gateway
    }
}

extension NameSpecification {
    /// Of an option that names the file to write.
    static let output: NameSpecification = [.customShort("o"), .customLong("output"), .customLong("out")]
    /// Of an option that says how much of a log is shown at first.
    static let tail: NameSpecification = [.customLong("tail"), .customLong("limit")]
}

/// Whose key signs.
struct AccountOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The account's key file. Default: $XDG_CONFIG_HOME/skerry/account.key, else ~/.config/skerry/account.key, "
                + "made on first use.", valueName: "file"), completion: .file())
    var key: String?

    var path: String { key ?? Surroundings.folder("XDG_CONFIG_HOME", usual: ".config") + "/account.key" }

    /// The account's key. The usual one is made on first use; a file that is named must be there, so that a misspelt name
    /// makes no account that nobody knows of.
    func load() throws -> SigningKey {
        let isThere = FileManager.default.fileExists(atPath: path)
        guard key == nil || isThere else {
            throw CommandError("There is no key file \(path); `skerry account new \(path)` makes another account")
        }
        let loaded = try KeyFile.loadOrCreate(path)
        if !isThere {
            Terminal.note("note: made the key of your account, \(path); keep a copy, and let nobody else have it")
        }
        return loaded
    }
}

extension NodeClient {
    /// A client that tells whoever gave a command what it waits for.
    static func ofCommand(_ control: String, key: SigningKey? = nil) -> NodeClient {
        var client = NodeClient(control: control, key: key)
        client.onWait = { Terminal.note("note: \($0)") }
        return client
    }
}

extension AppName {
    /// Reads an argument, and says what is wrong with one that cannot be a name.
    static func argument(_ text: String) throws -> AppName {
        do { return try AppName(checking: text) } catch { throw ValidationError(error.message) }
    }

    /// As ``argument(_:)``, for an app that does not exist yet: a name that nobody may claim is of no use to it.
    static func newArgument(_ text: String) throws -> AppName {
        let name = try argument(text)
        guard !name.isReserved else { throw ValidationError("The name \"\(name)\" is reserved; choose another") }
        return name
    }
}

extension ReleaseID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension BlobID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
