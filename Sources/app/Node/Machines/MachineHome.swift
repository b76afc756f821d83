import BlobStore
import Exchange
import Foundation
import Identity
import Images
import Ledger
import LedgerLog
import Logging
import Machines
import Manifests
import Membership
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Volumes
import Wire

/// What of a node the keeper of machines needs, as the rooms give it.
struct MachineHome: Sendable {
    /// The longest that an announcement may be on its way.
    private static let announceTime = TimeAmount.seconds(3)
    /// Transactions of this node's other duties may come in between.
    private static let nonceAttempts = 8
    private static let validity: Int64 = 60_000

    let key: SigningKey
    let keeper: LedgerKeeper
    let sync: LedgerSync
    let membership: Membership
    let peers: PeerNetwork
    let store: BlobStore
    let exchange: Exchange
    let secrets: SecretKeeper
    /// For images, volumes and lists of machines.
    let folder: String
    /// For the ends of containers; nil on a host that runs none.
    let limits: String?
    /// What runs containers, and unpacks their images; nil on a host that runs none.
    let unpacker: ImageUnpacker?
    /// Where machines reach the gateway; nil on a host that runs none.
    var entrance: MachineEntrance?

    var node: NodeID { key.publicKey.node }

    /// Where, in a node's folder for machines, the volumes are.
    static func volumes(in folder: String) -> String { folder + "/volumes" }

    func surroundings(_ control: any MachineControl, _ volumes: NodeVolumes) -> MachineSurroundings {
        let home = self
        return MachineSurroundings(
            node: node, state: { home.keeper.state }, submit: { try await home.submit($0) },
            isUsable: { home.membership.isUsable($0) }, control: control, manifest: { try await home.manifest($0) },
            image: { try await home.image($0, for: $1) },
            release: { await home.release($0) }, holders: { await home.unpacker?.holders ?? [] },
            secrets: { names, app in try await home.secrets.stamped(names, of: app) },
            volumes: { try await volumes.mounts($0, $1, fence: $2) }, dropVolumes: { await volumes.drop($0, $1) },
            dropPreviews: { await volumes.dropPreviews() }, limit: { try home.limit($0, $1) },
            limitPath: { home.limitPath($0) }, announce: { await home.announce($0) }, now: MachineClock.now,
            wallTime: { Int64(Date().timeIntervalSince1970 * 1_000) }, entrance: entrance,
            hasVolumes: { await volumes.has($0) })
    }

    /// Signs with the node's next nonce, and again if something else of the node came first.
    func submit(_ action: LedgerAction) async throws {
        let builder = TransactionBuilder(networkID: keeper.state.networkID, key: key, as: .node)
        var attempt = 1
        while true {
            let state = keeper.state
            let now = max(Int64(Date().timeIntervalSince1970 * 1_000), state.timeMilliseconds)
            let transaction = try builder.sign(
                action, nonce: state.nonce(of: .node(node)) &+ 1,
                validUntilMilliseconds: now + MachineHome.validity)
            do {
                _ = try await sync.submit(transaction)
                return
            } catch let error as LedgerError where error.code == .badNonce && attempt < MachineHome.nonceAttempts {
                attempt += 1
                try await Task.sleep(for: .milliseconds(20 * attempt))
            }
        }
    }

    private func manifest(_ release: ReleaseRecord) async throws -> MachineManifest {
        try await exchange.fetchWhole(release.manifest, limit: ManifestLimits.maxManifestBytes)
        let bytes = try await store.readAll(release.manifest, limit: ManifestLimits.maxManifestBytes)
        guard let machine = try Manifest(decoding: Data(bytes.readableBytesView)).machine else {
            throw ManifestError(
                .malformed, "The release \(release.id) of \(release.name) has no machine; deploy it again")
        }
        return machine
    }

    private func image(_ manifest: MachineManifest, for holder: String) async throws -> MachineImage {
        guard let unpacker else { throw MachineError(.hostUnable, "This node unpacks no images") }
        try await exchange.fetchWhole(manifest.image, limit: ImageLimits.maxRecordBytes)
        let record = try await store.readAll(manifest.image, limit: ImageLimits.maxRecordBytes)
        let stored = try StoredImage(record: Array(record.readableBytesView))
        // The manifest's own list is what was replicated and pinned; a record that names others is none of this app's.
        guard Set(stored.layerBlobs) == Set(manifest.layers) else {
            throw ImageError(
                .badRecord, "The image's record names other layers than the app's manifest; deploy it again")
        }
        let unpacked = try await unpacker.unpack(stored, for: holder)
        let user = try await NIOThreadPool.singleton.runIfActive { try unpacked.user(unpacked.config.user) }
        return MachineImage(unpacked, user)
    }

    // MARK: Files

    /// The volumes of this node.
    func nodeVolumes(_ logger: Logger) throws -> NodeVolumes {
        guard let own = PinOwner("volumes"), let others = PinOwner("volume-copies") else {
            preconditionFailure("names that we give ourselves are owners' names")
        }
        let blobs = NodeVolumeBlobs(store: store, exchange: exchange, owner: own)
        let copies = NodeVolumeBlobs(store: store, exchange: exchange, owner: others)
        let volumes = try VolumeStore(
            folder: MachineHome.volumes(in: folder), blobs: blobs, threads: .singleton, logger: logger)
        let (keeper, peers) = (keeper, peers)
        return try NodeVolumes(
            node: node, folder: folder, store: volumes, copies: copies, state: { keeper.state },
            tell: { other, news in
                let connection = try await peers.connection(to: other)
                _ = try await connection.request(.announceSnapshot, news, timeout: NodeVolumes.announceTime).get()
            }, logger: logger)
    }

    private func limitPath(_ id: MachineID) -> String? { limits.map { "\($0)/\(id)" } }

    private func limit(_ id: MachineID, _ end: Int64) throws {
        guard let path = limitPath(id) else { throw MachineError(.hostUnable, "This node runs no machines") }
        try Data("\(end)\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Lets go of what was kept for a container that is gone.
    private func release(_ holder: String) async {
        _ = try? await unpacker?.release(holder)
        if let path = MachineID(holder).flatMap(limitPath) { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Makes the folders.
    func prepare() throws {
        for path in [folder, MachineHome.volumes(in: folder)] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    // MARK: Other nodes

    /// Tells all nodes that take part and live; who does not hear it now hears the next one.
    private func announce(_ message: PeerPBAnnounceMachines) async {
        await withDiscardingTaskGroup { group in
            for record in keeper.state.participants where record.id != node && membership.isUsable(record.id) {
                group.addTask {
                    guard let connection = try? await peers.connection(to: record.id) else { return }
                    _ = try? await connection.call(
                        .announceMachines, message, expecting: .machinesAnnounced, as: PeerPBMachinesAnnounced.self,
                        timeout: MachineHome.announceTime)
                }
            }
        }
    }

    /// Wakes a machine of another node.
    func wake(_ replica: MachineReplica, within patience: Duration) async throws -> MachineReplica {
        let request = PeerPBWakeMachine.with {
            $0.app = replica.app
            $0.slot = replica.slot
        }
        return try await wake(request, of: replica.node, within: patience)
    }

    /// Has another node start a preview.
    func preview(
        _ app: String, _ release: String, at node: NodeID, within patience: Duration
    ) async throws -> MachineReplica {
        let request = PeerPBWakeMachine.with {
            $0.app = app
            $0.preview = release
        }
        return try await wake(request, of: node, within: patience)
    }

    private func wake(
        _ wish: PeerPBWakeMachine, of node: NodeID, within patience: Duration
    ) async throws -> MachineReplica {
        let millis = Int64(patience / .milliseconds(1))
        var request = wish
        request.waitMillis = UInt32(clamping: millis)
        do {
            let answer = try await peers.connection(to: node).call(
                .wakeMachine, request, expecting: .machineAwake, as: PeerPBMachineAwake.self,
                timeout: .milliseconds(millis + 2_000))
            return try MachineReport(answer.replica, from: node).replica
        } catch let error as PeerError {
            // The other node's own word, such as that it has no room.
            if error.code.description == MachineFailure.Code.noMachine.rawValue {
                throw MachineFailure(.noMachine, error.message)
            }
            throw MachineFailure(.unreachable, "Node \(node.short) did not wake its machine: \(error)")
        }
    }

    /// Hands an order on to another node.
    func hand(_ order: Data, to node: NodeID) async throws -> Data {
        let answer = try await peers.connection(to: node).call(
            .machineOrder, PeerPBMachineOrder.with { $0.order = order }, expecting: .machineOrderAnswer,
            as: PeerPBMachineOrderAnswer.self, timeout: .seconds(90))
        return answer.answer
    }
}

extension MachineImage {
    /// An unpacked image as a machine takes it. Further groups of the user are left out.
    fileprivate init(_ image: UnpackedImage, _ user: ImageUser) {
        let config = image.config
        var environment: [String: String] = [:]
        for text in config.environment {
            guard let equals = text.firstIndex(of: "=") else { continue }
            environment[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        self.init(
            layers: image.layers, entrypoint: config.entrypoint, command: config.command, environment: environment,
            workingDirectory: config.workingDirectory, user: MachineUser(user: user.user, group: user.group),
            stopSignal: config.stopSignal.flatMap(MachineSpec.number(ofSignal:)))
    }
}
