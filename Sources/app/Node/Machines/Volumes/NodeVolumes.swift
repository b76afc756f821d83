import ControlModel
import Foundation
import Identity
import Ledger
import Logging
import Machines
import Manifests
import NIOCore
import Peering
import Placement
import Volumes
import Wire

/// The volumes of this node's slots: given to machines as their leases allow, written into the blob store, and brought to
/// life on the node that has the slot next.
///
/// Which node may use a volume is the ledger's word: a machine runs under its slot's lease only, and the fence of that lease
/// says which of two copies is the later one.
final class NodeVolumes: Sendable {
    /// Nodes that keep a copy of a snapshot beside the one that made it.
    static let copies = 2
    static let announceTime = TimeAmount.seconds(5)

    let store: VolumeStore
    private let book: SnapshotBook
    private let blobs: any VolumeBlobs
    private let node: NodeID
    private let state: @Sendable () -> LedgerState
    /// Sends a request to a node and waits for the answer.
    private let tell: @Sendable (NodeID, ByteBuffer) async throws -> Void
    private let logger: Logger

    init(
        node: NodeID, folder: String, store: VolumeStore, blobs: any VolumeBlobs,
        state: @escaping @Sendable () -> LedgerState,
        tell: @escaping @Sendable (NodeID, ByteBuffer) async throws -> Void,
        logger: Logger
    ) throws {
        self.node = node
        self.store = store
        self.blobs = blobs
        self.state = state
        self.tell = tell
        self.logger = logger
        book = try SnapshotBook(path: folder + "/snapshots.json")
    }

    // MARK: Machines

    /// The folders that a slot's machine sees, made, or restored from the last snapshot, if need be.
    func mounts(_ slot: MachineSlot, _ manifest: MachineManifest) async throws -> [MachineMount] {
        let fence = state().machineLease(of: slot)?.fence ?? 0
        var mounts: [MachineMount] = []
        for volume in manifest.volumes {
            guard let id = VolumeID(app: slot.name.description, slot: slot.slot, name: volume.name) else {
                throw VolumeError(.notFound, "\"\(volume.name)\" cannot be a volume's name")
            }
            let latest = book[id].map { (blob: $0.blob, fence: $0.fence) }
            let path = try await store.open(id, byteCount: volume.byteCount, fence: fence, latest: latest)
            mounts.append(MachineMount(source: path, target: volume.path))
        }
        return mounts
    }

    // MARK: Snapshots

    /// Writes a volume into the blob store, and sees to it that other nodes keep a copy.
    func snapshot(_ id: VolumeID) async throws {
        let made = try await store.snapshot(id)
        guard let blob = BlobID(made.blob), let slot = NodeVolumes.slot(id) else { return }
        let fence = state().machineLease(of: slot)?.fence ?? 0
        let news = SnapshotNews(
            volume: id, blob: blob, fence: fence, createdMilliseconds: made.createdMilliseconds)
        _ = try book.take(news)
        let others = state().participants.map(\.id).filter { $0 != node }
        let bytes = news.encoded
        await withDiscardingTaskGroup { group in
            for other in others {
                group.addTask {
                    do { try await self.tell(other, bytes) } catch {
                        self.logger.debug(
                            "a node did not hear of a snapshot",
                            metadata: ["node": "\(other.short)", "error": "\(error)"])
                    }
                }
            }
        }
    }

    /// Answers what other nodes tell of snapshots; nil for anything else.
    func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        guard request.type == .announceSnapshot else { return nil }
        return eventLoop.makeFutureWithTask {
            guard let news = SnapshotNews(decoding: request.body) else {
                throw PeerError(.refused, "What came about a snapshot does not follow the protocol")
            }
            try await self.hear(news, from: request.peer)
            return PeerReply(type: .snapshotHeard, body: ByteBuffer())
        }
    }

    /// Notes another node's snapshot, and keeps a copy if this is one of the nodes that do.
    func hear(_ news: SnapshotNews, from peer: NodeID) async throws {
        // Who has no lease has nothing to say about the volume.
        guard let slot = NodeVolumes.slot(news.volume), let lease = state().machineLease(of: slot),
            lease.holder == peer,
            lease.fence == news.fence
        else { throw PeerError(.refused, "The snapshot is not of the node that has the slot") }
        let (previous, isNews) = try book.take(news)
        guard isNews, keepers(of: news.volume, without: peer).contains(node) else { return }
        Task {
            do {
                try await copy(news.blob)
                if let previous { try await blobs.release(previous.blob) }
            } catch {
                logger.warning(
                    "a volume's snapshot has no copy here", metadata: ["volume": "\(news.volume)", "error": "\(error)"])
            }
        }
    }

    private func copy(_ index: BlobID) async throws {
        let snapshot = try VolumeSnapshot(decoding: try await blobs.read(index, limit: VolumeSnapshot.maxBytes))
        try await blobs.keep(index, chunks: Array(Set(snapshot.chunks.map(\.blob))))
        for chunk in snapshot.chunks { _ = try await blobs.read(chunk.blob, limit: ContentChunker.maxBytes) }
    }

    private func keepers(of volume: VolumeID, without peer: NodeID) -> [NodeID] {
        let nodes = state().participants.map(\.id).filter { $0 != peer }
        return Rendezvous.replicas(nodes, for: volume.description, count: NodeVolumes.copies)
    }

    private static func slot(_ id: VolumeID) -> MachineSlot? {
        AppName(id.app).map { MachineSlot(name: $0, slot: id.slot) }
    }

    // MARK: Owners

    /// The volumes of a slot on this node.
    func list(_ app: String, _ slot: UInt32) async throws -> [VolumeInfo] {
        try await store.list().filter { $0.id.app == app && $0.id.slot == slot }.map { status in
            VolumeInfo(
                app: app, slot: slot, name: status.id.name, node: node.description, byteCount: status.byteCount,
                usedBytes: status.usedBytes, isBounded: status.isBounded, isInUse: status.isInUse,
                snapshots: status.snapshots.map {
                    .init(
                        id: $0.blob, createdMilliseconds: $0.createdMilliseconds, contentBytes: $0.contentBytes,
                        entryCount: $0.entryCount, newBytes: $0.newBytes)
                })
        }
    }
}
