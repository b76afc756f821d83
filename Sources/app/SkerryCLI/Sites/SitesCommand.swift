import ArgumentParser
import Client
import Identity
import Ledger

struct SitesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sites", abstract: "Make, deploy and list static sites.",
        discussion: """
            A site is a folder with an index.html, and perhaps a skerry.toml beside it. Rules are written into \
            _redirects and _headers as for other static hosts; docs/sites.md explains all of it.
            """,
        subcommands: [
            SitesInitCommand.self, Deploy.self, List.self, Versions.self, ReleasesCommand.Rollback.self,
        ])

    struct Deploy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deploy a site; the same as `skerry deploy`.",
            discussion: """
                Prints the files, the variants in content codings that were made, what was uploaded, and the addresses \
                of the site and of this very release.
                """)

        @OptionGroup var deployment: DeployOptions

        func run() async throws { try await deployment.run() }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all sites of the network.")

        @Flag(help: "Only those that this account owns.")
        var mine = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let owner = mine ? try account.load().publicKey.account.description : nil
            try await AppList.show(kinds: ["site"], owner: owner, node)
        }
    }

    struct Versions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a site's releases, newest first, and who gets them.")

        @Argument(help: "The site's name.", transform: AppName.argument)
        var name: AppName

        @OptionGroup var node: NodeOption

        func run() async throws { try await ReleasesCommand.show(name, node) }
    }
}
