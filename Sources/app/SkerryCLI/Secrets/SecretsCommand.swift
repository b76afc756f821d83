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
            A value is sealed on this machine to the keys of the nodes that serve the app, which open it for the app's \
            workers and machines only. skerry.toml names what a function gets as env.NAME and a machine in its \
            environment: secrets = ["API_KEY"]. New requests of functions see a change at once, and machines are \
            restarted for it, one after the other; no deployment is needed.
            """,
        subcommands: [Put.self, List.self, Delete.self])

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a secret a value, or another one.",
            discussion: """
                The value is read from standard input, without its last line break; on a terminal it is asked for and \
                not shown. It is never an argument, because shells keep those and other users see them.

                Machines that use the secret are restarted then, the next one when the one before is healthy. With \
                --no-restart they keep the value before until `skerry machines restart`.
                """)

        @Argument(help: "The app's name.", transform: AppName.argument)
        var app: AppName

        @Argument(help: "The secret's name in env.")
        var name: String

        @Option(
            help: ArgumentHelp("Read the value from a file, byte for byte.", valueName: "file"), completion: .file())
        var file: String?

        @Flag(inversion: .prefixedNo, help: "Restart machines that use it, one after the other.")
        var restart = true

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
            if !node.data.json { SecretsCommand.show(receipt, "\(name) of \(app) is set") }
            let manifest = try? await liveManifest()
            if let manifest, !manifest.secrets.contains(name) {
                Terminal.note(
                    "note: the live release does not name it, so nothing gets it; write secrets = [\"\(name)\"] in "
                        + "skerry.toml and deploy")
            }
            var report = Report(receipt: receipt)
            var failure: (any Error)?
            if manifest?.machine?.secrets.contains(name) == true {
                report.restarted = []
                do {
                    try await restartMachines(receipt) { report.restarted?.append($0) }
                } catch { failure = error }
            }
            if node.data.json { try Terminal.printJSON(report) }
            if let failure { throw failure }
        }

        /// What `--json` prints.
        private struct Report: Encodable {
            var receipt: SecretsReceipt
            /// Nil if no machine uses the secret.
            var restarted: [MachineOrderReport]?

            private enum CodingKeys: String, CodingKey { case restarted }

            func encode(to encoder: any Encoder) throws {
                try receipt.encode(to: encoder)
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encodeIfPresent(restarted, forKey: .restarted)
            }
        }

        private func liveManifest() async throws -> Manifest? {
            let client = try node.client()
            guard let live = try await client.name(app)?.releases.first(where: \.live) else { return nil }
            return try await client.manifest(of: live)
        }

        /// Machines that nobody starts again but a node that then sees the value.
        private static let resting: Set = ["asleep", "stopped", "ended", "draining"]

        /// Restarts the machines, on nodes that have the value.
        private func restartMachines(
            _ receipt: SecretsReceipt, done: (MachineOrderReport) -> Void
        ) async throws {
            let client = try node.client()
            let known = try await client.machines().apps.first { $0.app == app.description }?.machines ?? []
            let machines = known.filter { $0.node != nil && !Put.resting.contains($0.state) }
            guard restart else {
                if machines.isEmpty { return }
                return Terminal.note("note: machines keep the value before until `skerry machines restart \(app)`")
            }
            let informed = Set(receipt.nodes.filter { $0.problem == nil }.map(\.id))
            for machine in machines where !informed.contains(machine.node ?? "") {
                Terminal.note(
                    "note: \(app)/\(machine.slot) keeps the value before, for its node has no other yet; later "
                        + "`skerry machines restart \(app) --slot \(machine.slot)`")
            }
            try await MachineRestart(client: client, key: try account.load()).run(
                machines.filter { informed.contains($0.node ?? "") }
            ) { machine in
                done(MachineOrderReport(machine, "restarted", isShown: !node.data.json))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List an app's secrets and the nodes that hold them, never their values.")

        @Argument(help: "The app's name.", transform: AppName.argument)
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
            abstract: "Take a secret away; functions that need it stop answering.",
            discussion: "Machines that run keep it until they end; then they cannot start without it.")

        @Argument(help: "The app's name.", transform: AppName.argument)
        var app: AppName

        @Argument(help: "The secret's name in env.")
        var name: String

        @OptionGroup var genesis: GenesisOption
        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let receipt = try await SecretsCommand.store(genesis, node, account).delete(name, of: app)
            if node.data.json { return try Terminal.printJSON(receipt) }
            SecretsCommand.show(receipt, "\(name) of \(app) is gone")
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

    private static func show(_ receipt: SecretsReceipt, _ text: String) {
        let kept = receipt.nodes.count { $0.problem == nil }
        Terminal.print("\(text): version \(receipt.version), on \(kept) of \(receipt.nodes.count) nodes that serve it")
        for node in receipt.nodes {
            guard let problem = node.problem else { continue }
            Terminal.note("note: node \(node.id.prefix(8)) follows later: \(Terminal.safe(problem))")
        }
    }
}
