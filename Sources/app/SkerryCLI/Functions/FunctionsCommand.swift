import ArgumentParser
import Client
import ControlModel
import Identity
import Ledger

struct FunctionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions", abstract: "Make, deploy, call and watch functions.",
        discussion: """
            A function is a folder with a skerry.toml and a module that exports a handler; `skerry functions create`
            makes one, `skerry dev` runs it on this machine, and docs/functions.md explains all of it.
            """,
        subcommands: [
            FunctionsCreateCommand.self, List.self, FunctionsDeployCommand.self, FunctionsInvokeCommand.self,
            FunctionsLogsCommand.self, Versions.self, PromoteCommand.self, ReleasesCommand.Rollback.self,
            FunctionsDeleteCommand.self, FunctionsRecordCommand.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all functions of the network.")

        @Flag(help: "Only those that this account owns.")
        var mine = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let owner = mine ? try account.load().publicKey.account.description : nil
            var list = try await node.client().names()
            list.names = list.names.filter { name in
                let live = name.releases.first(where: \.live) ?? name.releases.last
                return live?.kind == "function" && (owner == nil || name.owner == owner)
            }
            if node.data.json { return try Terminal.printJSON(list) }
            let gateway = try await node.gateway()
            var rows = [["NAME", "LIVE", "VERSIONS", "OWNER", "ADDRESS"]]
            for name in list.names {
                let url = AppName(name.name).map { Deployer.url(of: $0, gateway: gateway) } ?? ""
                rows.append([name.name, name.live ?? "–", "\(name.releases.count)", String(name.owner.prefix(16)), url])
            }
            for line in Human.table(rows) { Terminal.print(line) }
        }
    }

    struct Versions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a function's releases, newest first, and who gets them.")

        @Argument(help: "The function's name.")
        var name: AppName

        @OptionGroup var node: NodeOption

        func run() async throws { try await ReleasesCommand.show(name, node) }
    }
}
