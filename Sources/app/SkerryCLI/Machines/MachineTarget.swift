import ArgumentParser
import Client
import ControlModel
import Identity
import Ledger

/// Which of an app's machines a command is about.
struct MachineTargetOptions: ParsableArguments {
    @Argument(help: "The app's name.", transform: AppName.argument)
    var app: AppName

    @OptionGroup var place: MachinePlaceOptions

    var node: NodeOption { place.node }
    var account: AccountOption { place.account }

    /// The app's machines that are on a node, in order of their slots.
    func machines(_ client: NodeClient) async throws -> [MachineInfo] { try await place.machines(app, client) }
}

/// Which of an app's machines it is, whom to ask, and whose key signs.
struct MachinePlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "One of its slots, 0 and up. Default: all of them, or the first that runs.", valueName: "slot"))
    var slot: UInt32?

    @Option(
        help: ArgumentHelp("Those of a release that is not live, which somebody looks at.", valueName: "release"))
    var preview: ReleaseID?

    @OptionGroup var node: NodeOption
    @OptionGroup var account: AccountOption

    /// The app's machines that are on a node, in order of their slots.
    func machines(_ app: AppName, _ client: NodeClient) async throws -> [MachineInfo] {
        guard let known = try await client.machines().apps.first(where: { $0.app == app.description }) else {
            throw CommandError("\(app) has no machines; `skerry machines list` shows those that there are")
        }
        if let preview {
            let machines = (known.previews ?? []).filter { $0.node != nil && $0.release == preview.description }
            if machines.isEmpty { throw CommandError("No node has a preview of release \(preview) of \(app) now") }
            return machines
        }
        let machines = known.machines.filter {
            $0.node != nil && $0.state != "draining" && (slot == nil || $0.slot == slot)
        }
        guard !machines.isEmpty else {
            throw CommandError(
                slot.map { "Slot \($0) of \(app) is on no node now" } ?? "No node has a machine of \(app) now")
        }
        return machines
    }

    /// The machine of a command that is about one: of those that run, the first.
    func one(_ app: AppName) async throws -> MachineLink {
        let client = try node.client()
        let key = try account.load()
        let machines = try await machines(app, client)
        let chosen = machines.first { $0.state == "healthy" } ?? machines[0]
        guard let node = chosen.node else { throw CommandError("No node has a machine of \(app) now") }
        return MachineLink(client: client, key: key, app: chosen.app, slot: chosen.slot, node: node)
    }
}
