import ArgumentParser
import Client
import ControlModel
import Ledger

struct ReleasesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "releases", abstract: "List the releases of an app, or go back to one.",
        subcommands: [List.self, Rollback.self])

    /// Who gets a release: all visitors, some, or nobody.
    private static func share(of release: ReleaseInfo) -> String {
        switch (release.live, release.percent) {
        case (true, 100): "live"
        case (true, let percent): "live, \(percent)%"
        case (false, 0): ""
        case (false, let percent): "\(percent)%"
        }
    }

    /// - Throws: ``CommandError`` if an app has no such release.
    static func require(_ release: ReleaseID, in app: NameInfo) throws {
        guard app.releases.contains(where: { $0.id == release.description }) else {
            throw CommandError(
                "\(app.name) has no release \(release); `skerry releases list \(app.name)` shows those that there are")
        }
    }

    /// Prints an app's releases, newest first.
    static func show(_ name: AppName, _ node: NodeOption) async throws {
        var info = try await node.info(of: name)
        info.automaticRollback = try? await node.client().automaticRollback(of: name).last
        if node.data.json { return try Terminal.printJSON(info) }
        var rows = [["RELEASE", "KIND", "PUBLISHED", "LIVE", "MESSAGE"]]
        for release in info.releases.reversed() {
            rows.append([
                release.id, release.kind, Human.date(milliseconds: release.publishedMilliseconds),
                share(of: release), release.message,
            ])
        }
        for line in Human.table(rows) { Terminal.print(line) }
        if let back = info.automaticRollback {
            Terminal.print(
                "\(Human.date(milliseconds: back.timeMilliseconds)): node \(back.node.prefix(8)) went back from \(back.from) to "
                    + "\(back.to) by itself, because \(Terminal.safe(back.reason))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List an app's releases, newest first.")

        @Argument(help: "The app's name; without it, all names with their live releases.", transform: AppName.argument)
        var name: AppName?

        @OptionGroup var node: NodeOption

        func run() async throws {
            guard let name else { return try await NamesCommand.show(node) }
            try await ReleasesCommand.show(name, node)
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the name point to an earlier release, at once.",
            discussion: """
                Without a release it takes back the one that only some visitors get; if there is none, it goes back to \
                the one that was live before. Repeated, it goes back further.
                """)

        @Argument(help: "The app's name.", transform: AppName.argument)
        var name: AppName

        @Argument(help: "The release to go back to.")
        var release: ReleaseID?

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        private struct Report: Codable {
            var name: String
            var live: String
            var url: String
        }

        func run() async throws {
            let key = try account.load()
            let client = try node.client(key: key)
            let info = try await node.info(of: name)
            if let release { try ReleasesCommand.require(release, in: info) }
            _ = try await Deployer(client: client, key: key).rollBack(name, to: release)
            let live = try await client.name(name)?.live ?? ""
            let url = Deployer.url(of: name, gateway: try await node.gateway())
            if node.data.json { return try Terminal.printJSON(Report(name: name.description, live: live, url: url)) }
            Terminal.print("\(name) is back at release \(live)")
            Terminal.print(url)
        }
    }
}
