import BlobStore
import Exchange
import Foundation
import Identity
import Images
import LedgerLog
import Logging
import Machines
import Membership
import Peering

/// How a node runs machines: what was found out about its host before the node's rooms are made.
struct MachineSetup: Sendable {
    private let folder: String
    private let options: MachineOptions
    /// Nil on a host that runs none.
    private let supervisor: MachineSupervisor?
    private let unable: String?

    /// Looks at the host, and finds the machines that run on it from before.
    ///
    /// - Parameter holder: The `skerry-holder` executable; nil for the one beside this program.
    static func find(
        in node: NodeFolder, _ options: MachineOptions, holder: String?, logger: Logger
    ) async -> MachineSetup {
        let folder = node.machines
        guard options.isOn ?? true else {
            return MachineSetup(
                folder: folder, options: options, supervisor: nil, unable: "node.json says so: machines.isOn is false")
        }
        let host = await MachineHost.inspect(.init(runtime: options.runtime, holder: holder))
        if let obstacle = host.obstacle {
            return MachineSetup(folder: folder, options: options, supervisor: nil, unable: obstacle)
        }
        do {
            var configuration = MachineSupervisor.Configuration(folder: node.containers)
            configuration.servicePorts = [MachineEntrance.port]
            let supervisor = try await MachineSupervisor.open(configuration, host: host, logger: logger)
            return MachineSetup(folder: folder, options: options, supervisor: supervisor, unable: nil)
        } catch {
            return MachineSetup(folder: folder, options: options, supervisor: nil, unable: "\(error)")
        }
    }

    /// Makes the node's part for machines.
    func machines(
        key: SigningKey, keeper: LedgerKeeper, sync: LedgerSync, membership: Membership, peers: PeerNetwork,
        store: BlobStore, exchange: Exchange, secrets: SecretKeeper, logger: Logger
    ) throws -> NodeMachines {
        var unpacker: ImageUnpacker?
        if supervisor != nil {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var settings = UnpackSettings()
            settings.limitBytes = options.imageCacheBytes ?? 10 << 30
            unpacker = try ImageUnpacker(
                path: folder + "/images", blobs: NodeImageBlobs(store: store, exchange: exchange), settings: settings,
                logger: logger)
        }
        let home = MachineHome(
            key: key, keeper: keeper, sync: sync, membership: membership, peers: peers, store: store,
            exchange: exchange, secrets: secrets, folder: folder, limits: supervisor?.limitFolder, unpacker: unpacker,
            entrance: supervisor?.hostAddress.map { MachineEntrance(host: $0) })
        return try NodeMachines(
            home: home, control: supervisor, unable: unable, options: options,
            watch: { [supervisor] in await supervisor?.watchUsage() }, logger: logger)
    }

    /// Leaves machines to themselves: they run on as long as their leases.
    func close() async { await supervisor?.close() }
}
