import ArgumentParser
import Client
import ControlModel
import Foundation
import Ledger

struct VolumesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volumes", abstract: "Folders that outlive machines, and their snapshots.",
        discussion: """
            A volume belongs to a slot of an app, is on the node that has the slot, and is made when the machine \
            starts. A snapshot is a blob: another node that takes the slot begins with the last one.
            """,
        subcommands: [
            VolumesListCommand.self, VolumesCreateCommand.self, VolumesSnapshotCommand.self,
            VolumesRestoreCommand.self, VolumesDeleteCommand.self,
        ])
}

/// Asks the nodes of an app's slots about a volume.
private func order(_ action: VolumeAction, _ target: MachineTargetOptions) async throws -> [VolumeInfo] {
    let client = try target.node.client()
    let key = try target.account.load()
    var volumes: [VolumeInfo] = []
    var asked: Set<UInt32> = []
    for machine in try await target.machines(client) where asked.insert(machine.slot).inserted {
        guard let node = machine.node else { continue }
        volumes +=
            try await client.order(
                .volume(action), app: machine.app, slot: machine.slot, at: node, key: key
            ).volumes ?? []
    }
    return volumes
}

private func show(_ volumes: [VolumeInfo], _ target: MachineTargetOptions) throws {
    if target.node.data.json { return try Terminal.printJSON(volumes) }
    for volume in volumes {
        let bound = volume.isBounded ? "" : ", not bounded by the disk"
        let use = volume.isInUse ? "in use" : "not in use"
        Terminal.print(
            "\(volume.app)/\(volume.slot)/\(volume.name)  \(volume.usedBytes) of \(volume.byteCount) bytes\(bound), \(use), "
                + "node \(volume.node.prefix(8))")
        for snapshot in volume.snapshots {
            let time = Date(timeIntervalSince1970: Double(snapshot.createdMilliseconds) / 1_000)
            Terminal.print(
                "  \(snapshot.id)  \(time.formatted(.iso8601))  \(snapshot.contentBytes) bytes in "
                    + "\(snapshot.entryCount) files, \(snapshot.newBytes) new")
        }
    }
}

struct VolumesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show an app's volumes and their snapshots.")

    @OptionGroup var target: MachineTargetOptions

    func run() async throws { try show(try await order(.list, target), target) }
}

struct VolumesCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an empty volume before a release asks for it.")

    @OptionGroup var target: MachineTargetOptions
    @Option(help: "The volume's name, as in skerry.toml.") var name: String
    @Option(help: "What it may hold, such as 1GiB.") var size: ByteSize

    func run() async throws {
        try show(try await order(.create(name, byteCount: size.bytes), target), target)
    }
}

struct VolumesSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Write a volume's content into the blob store.",
        discussion: "The machine is stopped meanwhile, unless --live is given.")

    @OptionGroup var target: MachineTargetOptions
    @Option(help: "The volume's name.") var name: String
    @Flag(help: "Let the machine run: what it writes meanwhile may be in the snapshot in part.") var live = false

    func run() async throws {
        try show(try await order(.snapshot(name, isLive: live), target), target)
    }
}

struct VolumesRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Replace a volume's content by a snapshot's.",
        discussion: "The machine is stopped meanwhile. What the volume held is gone; take a snapshot of it first.")

    @OptionGroup var target: MachineTargetOptions
    @Option(help: "The volume's name.") var name: String
    @Option(help: "The snapshot, as `skerry volumes list` shows it.") var snapshot: String
    @Option(help: "What a volume that is not there yet may hold. Default: 1GiB.")
    var size: ByteSize?
    @OptionGroup var question: ConfirmOption

    func run() async throws {
        try question.confirm(
            "This would replace what the volume \(name) of \(target.app) holds by the snapshot, and stop the machine meanwhile."
        )
        let action = VolumeAction.restore(name, snapshot: snapshot, byteCount: size?.bytes ?? 1 << 30)
        try show(try await order(action, target), target)
    }
}

struct VolumesDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove a volume and let go of its snapshots.",
        discussion: "The machine must be stopped. Without --slot it is done in all slots.")

    @OptionGroup var target: MachineTargetOptions
    @Option(help: "The volume's name.") var name: String
    @OptionGroup var question: ConfirmOption

    func run() async throws {
        let place = target.place.slot.map { "\(target.app)/\($0)" } ?? "all slots of \(target.app)"
        try question.confirm(
            "This would remove the volume \(name) of \(place) with all that is in it, and its snapshots.")
        try show(try await order(.delete(name), target), target)
    }
}
