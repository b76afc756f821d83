import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger
import Manifests

struct KVCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kv", abstract: "Read and change the values that an app's kv bindings see.",
        discussion: """
            Only the app's owner may. A namespace is what skerry.toml calls so. Changes are copied to the nodes that \
            keep the app's values before the command returns; docs/design/kv.md says what is promised.
            """,
        subcommands: [KVGetCommand.self, KVPutCommand.self, KVDeleteCommand.self, KVListCommand.self])
}

/// Whose values a command is about.
struct KVOptions: ParsableArguments {
    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    func client() throws -> NodeClient { try node.client(key: try account.load()) }

    /// An argument that a script's empty variable cannot stand for.
    static func notEmpty(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("it is empty") }
        return text
    }
}

struct KVGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print a value, byte for byte.",
        discussion: "With --json, the value is base64, beside its metadata and expiration.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @Argument(help: "The namespace.", transform: KVOptions.notEmpty)
    var namespace: String

    @Argument(help: "The key.", transform: KVOptions.notEmpty)
    var key: String

    @OptionGroup var options: KVOptions

    func run() async throws {
        guard let value = try await options.client().value(of: key, in: namespace, of: app) else {
            throw CommandError(
                "The namespace \(namespace) has no key \"\(key)\"; `skerry kv list \(app) \(namespace)` shows those that "
                    + "there are")
        }
        if options.node.data.json { return try Terminal.printJSON(value) }
        Terminal.write(bytes: value.value)
    }
}

struct KVPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Store a value, of at most 1 MiB.",
        discussion: "The value is the argument, a file's bytes (--file), or else what standard input gives.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @Argument(help: "The namespace.", transform: KVOptions.notEmpty)
    var namespace: String

    @Argument(help: "The key, 1 to 512 bytes.", transform: KVOptions.notEmpty)
    var key: String

    @Argument(help: "The value as text.")
    var value: String?

    @Option(help: ArgumentHelp("A file with the value.", valueName: "file"), completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("Seconds that the value lives, 60 or more.", valueName: "seconds"))
    var ttl: Int?

    @Option(
        help: ArgumentHelp(
            "When the value ends: seconds since 1970, or a time such as 2027-01-31T12:00:00Z.", valueName: "time"))
    var expires: String?

    @Option(help: ArgumentHelp("JSON that lists show beside the key, at most 1,024 bytes.", valueName: "json"))
    var metadata: String?

    @OptionGroup var options: KVOptions

    func validate() throws {
        guard value == nil || file == nil else { throw ValidationError("Give the value or --file, not both") }
        guard ttl == nil || expires == nil else { throw ValidationError("Give --ttl or --expires, not both") }
        if let ttl, ttl < 60 { throw ValidationError("--ttl must be 60 or more, not \(ttl)") }
        if let expires, KVPutCommand.seconds(expires) == nil {
            throw ValidationError("--expires \"\(expires)\" is no time; write it as 2027-01-31T12:00:00Z")
        }
        if let metadata {
            guard
                (try? JSONSerialization.jsonObject(with: Data(metadata.utf8), options: .fragmentsAllowed)) != nil
            else { throw ValidationError("--metadata is no JSON; put texts in quotes, as '\"text\"'") }
        }
    }

    func run() async throws {
        let info = KVValueInfo(
            value: try bytes(), metadata: metadata, expiration: expires.flatMap(KVPutCommand.seconds))
        let client = try options.client()
        try await client.put(info, ttl: ttl, as: key, in: namespace, of: app)
        // The value is there, whatever can be said about who reads it.
        if let warning = try? await warning(client) { Terminal.note(warning) }
        if options.node.data.json { return try Terminal.printJSON(KVChangeInfo(namespace: namespace, key: key)) }
        Terminal.print("stored \(namespace)/\(Terminal.safe(key)), \(Human.bytes(info.value.count))")
    }

    /// What is said about a namespace that the live release does not bind; nil if it does, and where none is live.
    private func warning(_ client: NodeClient) async throws -> String? {
        guard let live = try await client.name(app)?.releases.first(where: \.live) else { return nil }
        let bound = try await client.manifest(of: live).function?.namespaces ?? []
        guard !bound.contains(namespace) else { return nil }
        let list = bound.isEmpty ? "none" : bound.sorted().joined(separator: ", ")
        return "warning: the live release of \(app) does not bind the namespace \(Terminal.safe(namespace)), so its "
            + "code does not see the value; it binds \(list)"
    }

    /// The longest value.
    private static let maxBytes = 1 << 20

    private func bytes() throws -> Data {
        try value.map { Data($0.utf8) } ?? CommandInput.read(file ?? "-", maxBytes: KVPutCommand.maxBytes)
    }

    /// Seconds since 1970 of a time as people or scripts write it.
    static func seconds(_ text: String) -> Int? {
        if let seconds = Int(text) { return seconds >= 0 ? seconds : nil }
        return (try? Date(text, strategy: .iso8601)).map { Int($0.timeIntervalSince1970) }
    }
}

struct KVDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Remove a key, if it is there.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @Argument(help: "The namespace.", transform: KVOptions.notEmpty)
    var namespace: String

    @Argument(help: "The key.", transform: KVOptions.notEmpty)
    var key: String

    @OptionGroup var options: KVOptions

    func run() async throws {
        try await options.client().deleteValue(of: key, in: namespace, of: app)
        if options.node.data.json { return try Terminal.printJSON(KVChangeInfo(namespace: namespace, key: key)) }
        Terminal.print("removed \(namespace)/\(Terminal.safe(key))")
    }
}

struct KVListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List keys in the order of their bytes.",
        discussion: "Without --limit, all of them. With it, the cursor for the next page is printed, if there is one.")

    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @Argument(help: "The namespace.", transform: KVOptions.notEmpty)
    var namespace: String

    @Option(help: "Only keys that begin so.")
    var prefix = ""

    @Option(help: "Keys at most, 1 to \(KVKeyList.maxCount).")
    var limit: Int?

    @Option(help: "Where the page before ended.")
    var cursor: String?

    @OptionGroup var options: KVOptions

    func validate() throws {
        if let limit, !(1...KVKeyList.maxCount).contains(limit) {
            throw ValidationError("--limit must be 1 to \(KVKeyList.maxCount), not \(limit)")
        }
    }

    func run() async throws {
        let client = try options.client()
        var list = try await client.keys(
            in: namespace, of: app, prefix: prefix, limit: limit ?? KVKeyList.maxCount, cursor: cursor)
        if options.node.data.json {
            while limit == nil, let next = list.cursor {
                let page = try await client.keys(in: namespace, of: app, prefix: prefix, cursor: next)
                list.keys += page.keys
                list.cursor = page.cursor
            }
            return try Terminal.printJSON(list)
        }
        while true {
            for key in list.keys { Terminal.print(KVListCommand.line(key)) }
            guard let next = list.cursor else { return }
            if limit != nil { return Terminal.note("more: --cursor \(next)") }
            list = try await client.keys(in: namespace, of: app, prefix: prefix, cursor: next)
        }
    }

    private static func line(_ key: KVKeyList.Key) -> String {
        var parts = [Terminal.safe(key.name)]
        if let expiration = key.expiration {
            let date = Date(timeIntervalSince1970: Double(expiration))
            parts.append("until \(date.formatted(.iso8601))")
        }
        if let metadata = key.metadata { parts.append(Terminal.safe(metadata)) }
        return parts.joined(separator: "  ")
    }
}
