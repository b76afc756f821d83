import ArgumentParser
import Client
import ControlModel
import Ledger

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Let all visitors of an app have a release, or some of them.",
        discussion: """
            With --percent below 100 the release is tried out: that share of the visitors gets it, each the same release
            each time. Promote it again with a larger share or for all, or take it back with `skerry releases rollback`.
            """)

    @Argument(help: "The app's name.")
    var name: AppName

    @Argument(help: "The release, as `skerry releases list` shows it.")
    var release: ReleaseID

    @Option(help: "The share of the visitors, 1 to 100.")
    var percent: UInt8 = 100

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    private struct Report: Codable {
        var name: String
        var release: String
        var percent: UInt8
        var sequence: UInt64
        var url: String
    }

    func validate() throws {
        guard (1...100).contains(percent) else {
            throw ValidationError("--percent must be 1 to 100, not \(percent)")
        }
    }

    func run() async throws {
        let key = try account.load()
        let receipt = try await node.ledger(key: key).submit(
            .promoteRelease(name, release, percent: percent), key: key)
        let url = Deployer.url(of: name, gateway: try await node.gateway())
        if node.data.json {
            let report = Report(
                name: name.description, release: release.description, percent: percent, sequence: receipt.sequence,
                url: url)
            return try Terminal.printJSON(report)
        }
        let visitors = percent == 100 ? "all visitors" : "\(percent)% of the visitors"
        Terminal.print("\(visitors) of \(name) get release \(release) from entry \(receipt.sequence) on")
        Terminal.print(url)
    }
}
