import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Manifests
import Secrets

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets",
        abstract: "Give functions, machines and origins keys and passwords that are in no release.",
        discussion: """
            A value is sealed on this machine to the keys of the nodes that serve the app, which open it for the app's
            workers and machines only. skerry.toml names what a function gets as env.NAME and a machine in its environment:
            secrets = ["API_KEY"]. New requests of functions see a change at once; no deployment is needed.
            """,
        subcommands: [Put.self, List.self, Delete.self])

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a secret a value, or another one.",
            discussion: """
                The value is read from standard input, without its last line break; on a terminal it is asked for and not
                shown. It is never an argument, because shells keep those and other users see them.
                """)

        @Argument(help: "The app's name.")
        var app: AppName

        @Argument(help: "The secret's name in env.")
        var name: String

        @Option(help: ArgumentHelp("Read the value from a file, byte for byte.", valueName: "file"))
        var file: String?

        @Argument(help: .hidden)
        var rest: [String] = []

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func validate() throws {
            // Neither message repeats what may be the value.
            guard rest.isEmpty, !name.contains("=") else {
                throw ValidationError(
                    "A value is no argument: the shell keeps it, and `ps` shows it. Consider it known to others, take "
                        + "another one, and pipe it in, or let skerry ask for it: skerry secrets put APP NAME")
            }
            guard Secret.isName(name) else {
                throw ValidationError(
                    "This cannot be a name in env; use letters, digits and underscores, no digit first, not NODE")
            }
        }

        func run() async throws {
            let store = try SecretsCommand.store(genesis, node, account)
            let receipt = try await store.put(try SecretInput.read(name, file: file), to: app)
            let isNamed = await isNamedByLiveRelease()
            try SecretsCommand.show(receipt, "\(name) of \(app) is set", json: node.data.json)
            if !isNamed {
                Terminal.note(
                    "note: the live release does not name it, so the function does not get it; write secrets = [\"\(name)\"] "
                        + "in skerry.toml and deploy")
            }
        }

        /// Only for a hint: what cannot be found out counts as yes.
        private func isNamedByLiveRelease() async -> Bool {
            guard let client = try? node.client(), let info = try? await client.name(app),
                let live = info.releases.first(where: \.live), let id = BlobID(live.manifest),
                let bytes = try? await client.content(of: id, limit: ManifestLimits.maxManifestBytes),
                let manifest = try? Manifest(decoding: bytes)
            else { return true }
            return manifest.secrets.contains(name)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List an app's secrets and the nodes that hold them, never their values.")

        @Argument(help: "The app's name.")
        var app: AppName

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let listing = try await SecretsCommand.store(genesis, node, account).list(app)
            if node.data.json { return try Terminal.printJSON(listing) }
            if listing.secrets.isEmpty {
                Terminal.print("\(app) has no secrets")
            } else {
                let rows = listing.secrets.map { [$0.name, "\($0.byteCount) B"] }
                for line in Human.table([["NAME", "LENGTH"]] + rows) { Terminal.print(line) }
            }
            guard listing.version > 0 else { return }
            Terminal.print("")
            let nodes = listing.nodes.map { node in
                let state = node.isComplete ? "complete" : Terminal.safe(node.problem ?? "not yet")
                return [String(node.id.prefix(8)), node.version.map { "\($0)" } ?? "–", state]
            }
            for line in Human.table([["NODE", "VERSION", "STATE"]] + nodes) { Terminal.print(line) }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a secret away; functions that need it stop answering.")

        @Argument(help: "The app's name.")
        var app: AppName

        @Argument(help: "The secret's name in env.")
        var name: String

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let receipt = try await SecretsCommand.store(genesis, node, account).delete(name, of: app)
            try SecretsCommand.show(receipt, "\(name) of \(app) is gone", json: node.data.json)
        }
    }

    private static func store(
        _ genesis: GenesisOption, _ node: NodeOption, _ account: AccountOption
    ) throws -> SecretStore {
        let key = try account.load()
        let network = try genesis.resolve(node.data)
        return SecretStore(
            client: try node.client(key: key), ledger: try node.ledger(network: network), network: network, key: key)
    }

    private static func show(_ receipt: SecretsReceipt, _ text: String, json: Bool) throws {
        if json { return try Terminal.printJSON(receipt) }
        let kept = receipt.nodes.count { $0.problem == nil }
        Terminal.print("\(text): version \(receipt.version), on \(kept) of \(receipt.nodes.count) nodes that serve it")
        for node in receipt.nodes {
            guard let problem = node.problem else { continue }
            Terminal.note("note: node \(node.id.prefix(8)) follows later: \(Terminal.safe(problem))")
        }
    }
}
