import ArgumentParser
import Client
import ControlModel
import Identity
import Ledger

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Let all visitors of an app have a release, or some of them.",
        discussion: """
            With --percent below 100 the release is tried out: that share of the visitors gets it, each the same \
            release each time. Promote it again with a larger share or for all, or take it back with `skerry releases \
            rollback`.

            If a function's release fails significantly more often than the one before, the nodes that run it go back \
            by themselves: an order to do so is signed along, good for a day and until your next transaction. See \
            `skerry functions versions` and `skerry functions logs`. --no-auto signs none.

            For a machine's release the share of the visitors is a share of the copies too: an app with one copy has \
            none to share. The command waits until the copies are healthy; nodes give a release up whose copies are \
            not, and then the name goes back.

            --steps 1,10,50,100 --every 5m raises the share step by step, and ends with an error if the release was \
            taken back meanwhile. The command has to run until then.
            """)

    @Argument(help: "The app's name.", transform: AppName.argument)
    var name: AppName

    @Argument(help: "The release, as `skerry releases list` shows it.")
    var release: ReleaseID

    @Option(help: "The share of the visitors, 1 to 100.")
    var percent: UInt8 = 100

    @Option(
        help: ArgumentHelp("Shares of the visitors, one after the other.", valueName: "1,10,50,100"),
        transform: { try RolloutSteps(argument: $0) })
    var steps: RolloutSteps?

    @Option(help: ArgumentHelp("How long each step lasts, such as 90s, 5m or 2h. Default: 5m.", valueName: "time"))
    var every: TimeSpan?

    @Flag(inversion: .prefixedNo, help: "Let the nodes go back when a function's release turns out bad.")
    var auto = true

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    private struct Report: Codable {
        var name: String
        var release: String
        var percent: UInt8
        var sequence: UInt64
        var url: String
        /// Nodes that go back by themselves; nil if they were not told to.
        var watchedBy: [String]?
    }

    /// How long the nodes may go back by themselves.
    private static let watchTime = Duration.seconds(86_400)

    func validate() throws {
        guard (1...100).contains(percent) else {
            throw ValidationError("--percent must be 1 to 100, not \(percent)")
        }
        guard steps == nil || percent == 100 else { throw ValidationError("Give --percent or --steps, not both") }
        guard every == nil || steps != nil else { throw ValidationError("--every goes with --steps") }
        guard every?.milliseconds ?? 0 <= 86_400_000 else { throw ValidationError("--every is a day at most") }
    }

    /// How long a step lasts if nothing else is said, in milliseconds.
    private static let stepTime: Int64 = 300_000

    func run() async throws {
        try ReleasesCommand.require(release, in: try await node.info(of: name))
        let key = try account.load()
        guard let steps else { return try await promote(percent, key) }
        for (index, percent) in steps.percents.enumerated() {
            if index > 0 {
                try await Task.sleep(for: .milliseconds(every?.milliseconds ?? PromoteCommand.stepTime))
                guard try await isStillThere() else {
                    throw CommandError(
                        "\(name) does not try release \(release) out any more, so its share is not raised to \(percent)%; "
                            + "`skerry functions logs \(name)` says why if nodes took it back")
                }
            }
            try await promote(percent, key)
        }
    }

    private func isStillThere() async throws -> Bool {
        guard let info = try await node.client().name(name) else { return false }
        return info.candidate == release.description || info.live == release.description
    }

    private func promote(_ percent: UInt8, _ key: SigningKey) async throws {
        let deployer = Deployer(client: try node.client(key: key), key: key)
        let before = auto ? try await deployer.liveFunction(of: name) : nil
        let machine = try await deployer.machine(of: release, name)
        if percent < 100, machine != nil, let obstacle = try await deployer.obstacle(toSharing: release, of: name) {
            throw CommandError("\(percent)% of the visitors cannot get release \(release): \(obstacle)")
        }
        let receipt = try await node.ledger(key: key).submit(
            .promoteRelease(name, release, percent: percent), key: key)
        let watchers = await watch(back: before, key)
        if let machine { try await deployer.settle(promoted: release, machine, of: name) }
        let url = Deployer.url(of: name, gateway: try await node.gateway())
        if node.data.json {
            let report = Report(
                name: name.description, release: release.description, percent: percent, sequence: receipt.sequence,
                url: url, watchedBy: watchers)
            return try Terminal.printJSON(report)
        }
        let visitors = percent == 100 ? "all visitors" : "\(percent)% of the visitors"
        Terminal.print("\(visitors) of \(name) get release \(release) from entry \(receipt.sequence) on")
        if let watchers {
            Terminal.print("\(watchers.count) nodes go back by themselves if it fails more often than the one before")
        }
        Terminal.print(url)
    }

    private func watch(back target: ReleaseID?, _ key: SigningKey) async -> [String]? {
        guard let target, target != release else { return nil }
        do {
            let order = try await node.ledger(key: key).presign(
                .rollBack(name, to: target), key: key, validity: PromoteCommand.watchTime)
            return try await node.client(key: key).keepRollback(order, of: name).nodes
        } catch {
            Terminal.note("note: the nodes will not go back by themselves: \(Terminal.sentence(error))")
            return nil
        }
    }
}
