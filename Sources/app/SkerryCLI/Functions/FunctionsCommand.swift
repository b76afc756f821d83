import ArgumentParser
import Client
import Identity
import Ledger

struct FunctionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions", abstract: "Make, deploy, call and watch functions.",
        discussion: """
            A function is a folder with a skerry.toml and a module that exports a handler; `skerry functions create` \
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
            try await AppList.show(kinds: ["function", "composite"], owner: owner, node)
        }
    }

    struct Versions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a function's releases, newest first, and who gets them.")

        @Argument(help: "The function's name.", transform: AppName.argument)
        var name: AppName

        @OptionGroup var node: NodeOption

        func run() async throws { try await ReleasesCommand.show(name, node) }
    }
}
