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
    static let copyCount = 2
    /// Other nodes' snapshots that wait for being copied; of further ones this node keeps no copy.
    static let maxWaitingCopies = 1_024
    static let announceTime = TimeAmount.seconds(5)

    let store: VolumeStore
    private let book: SnapshotBook
    /// Where copies of other nodes' snapshots are kept, apart from what this node's own volumes need.
    private let copies: any VolumeBlobs
    /// Snapshots to copy.
    private let (waiting, queue) = AsyncStream<SnapshotNews>.makeStream(
        bufferingPolicy: .bufferingOldest(NodeVolumes.maxWaitingCopies))
    private let node: NodeID
    private let state: @Sendable () -> LedgerState
    /// Sends a request to a node and waits for the answer.
    private let tell: @Sendable (NodeID, ByteBuffer) async throws -> Void
    private let logger: Logger

    init(
        node: NodeID, folder: String, store: VolumeStore, copies: any VolumeBlobs,
        state: @escaping @Sendable () -> LedgerState,
        tell: @escaping @Sendable (NodeID, ByteBuffer) async throws -> Void,
        logger: Logger
    ) throws {
        self.node = node
        self.store = store
        self.copies = copies
        self.state = state
        self.tell = tell
        self.logger = logger
        book = try SnapshotBook(path: folder + "/snapshots.json")
    }

    /// Copies snapshots of other nodes, one after the other, until cancelled.
    func run() async {
        let needed = book.blobs
        do {
            for blob in try await copies.kept() where !needed.contains(blob) { try await copies.release(blob) }
        } catch {
            logger.warning("copies that nobody needs are not let go of", metadata: ["error": "\(error)"])
        }
        for await news in waiting where book[news.volume] == news {
            do { try await copy(news.blob) } catch {
                logger.warning(
                    "a volume's snapshot has no copy here", metadata: ["volume": "\(news.volume)", "error": "\(error)"])
            }
        }
    }

    // MARK: Machines

    /// The folders that a slot's machine sees, made, or restored from the last snapshot, if need be.
    ///
    /// - Parameter fence: Of the lease under which the machine runs, never of a later one that another node has by now: a
    ///   volume that bears that one's fence would count as newer than what the other node makes of its own.
    func mounts(_ slot: MachineSlot, _ manifest: MachineManifest, fence: UInt64) async throws -> [MachineMount] {
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

    /// Whether a slot has volumes here, also if that cannot be found out.
    func has(_ slot: MachineSlot) async -> Bool {
        (try? await store.list(slot.name.description, slot.slot))?.isEmpty != true
    }

    /// Removes the volumes of a preview, which has ended.
    func drop(_ slot: MachineSlot, _ manifest: MachineManifest) async {
        for volume in manifest.volumes {
            guard let id = VolumeID(app: slot.name.description, slot: slot.slot, name: volume.name) else { continue }
            await drop(id)
        }
    }

    /// Removes what previews of an earlier run left, whose containers are gone.
    func dropPreviews() async {
        for status in (try? await store.list()) ?? [] where status.id.slot >= MachineReplica.firstPreviewSlot {
            await drop(status.id)
        }
    }

    private func drop(_ id: VolumeID) async {
        await store.close(id)
        do { try await store.delete(id) } catch let error as VolumeError where error.code == .notFound {
            // Its machine was never made.
        } catch {
            logger.warning("a preview's volume stays", metadata: ["volume": "\(id)", "error": "\(error)"])
        }
    }

    // MARK: Snapshots

    /// Writes a volume into the blob store, and sees to it that other nodes keep a copy.
    func snapshot(_ id: VolumeID) async throws {
        let fence = fence(of: id)
        let made = try await store.snapshot(id)
        // Of a slot that is another node's by now it is not the latest, and nobody would believe it.
        guard let blob = BlobID(made.blob), let fence, self.fence(of: id) == fence else { return }
        let news = SnapshotNews(
            volume: id, blob: blob, fence: fence, createdMilliseconds: made.createdMilliseconds)
        try await note(news)
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
        guard try await note(news), keepers(of: news.volume, without: peer).contains(node) else { return }
        queue.yield(news)
    }

    /// Remembers a snapshot, and lets go of the copy of the one before.
    ///
    /// - Returns: False if a later one is known.
    @discardableResult
    private func note(_ news: SnapshotNews) async throws -> Bool {
        let (gone, isNews) = try book.take(news)
        for old in gone { try await copies.release(old.blob) }
        return isNews
    }

    private func copy(_ index: BlobID) async throws {
        let snapshot = try VolumeSnapshot(decoding: try await copies.read(index, limit: VolumeSnapshot.maxBytes))
        try await copies.keep(index, chunks: Array(Set(snapshot.chunks.map(\.blob))))
        for chunk in snapshot.chunks { _ = try await copies.read(chunk.blob, limit: ContentChunker.maxBytes) }
    }

    /// Forgets a volume that its owner removed here: it is not to come back from its snapshots.
    func forget(_ id: VolumeID) async throws {
        if let old = try book.forget(id) { try await copies.release(old.blob) }
    }

    /// Of the lease under which this node has a volume's slot; nil if it has not.
    private func fence(of id: VolumeID) -> UInt64? {
        guard let lease = NodeVolumes.slot(id).flatMap({ state().machineLease(of: $0) }), lease.holder == node else {
            return nil
        }
        return lease.fence
    }

    private func keepers(of volume: VolumeID, without peer: NodeID) -> [NodeID] {
        let nodes = state().participants.map(\.id).filter { $0 != peer }
        return Rendezvous.replicas(nodes, for: volume.description, count: NodeVolumes.copyCount)
    }

    private static func slot(_ id: VolumeID) -> MachineSlot? {
        AppName(id.app).map { MachineSlot(name: $0, slot: id.slot) }
    }

    // MARK: Owners

    /// The volumes of a slot on this node.
    func list(_ app: String, _ slot: UInt32) async throws -> [VolumeInfo] {
        try await store.list(app, slot).map { status in
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
