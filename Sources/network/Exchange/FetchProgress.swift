import Blake3
import BlobStore
public import Identity
import Synchronization

/// How far a blob is here, at one moment.
public struct FetchProgress: Hashable, Sendable {
    /// A provider that was asked for blocks.
    public struct Provider: Hashable, Sendable {
        /// Whether it is still asked.
        public enum Standing: String, Hashable, Sendable {
            /// It is asked for blocks.
            case active
            /// Gone, silent or without the blob; it may come back.
            case lost
            /// It sent wrong bytes.
            case banned
        }

        /// The provider's id.
        public let node: NodeID
        /// Whether it is still asked, and if not, why.
        public let standing: Standing
        /// Verified bytes that came from it first.
        public let receivedBytes: Int
        /// Bytes a second, as last measured; nil before its first block, and after it was given up.
        public let rate: Double?
        /// Blocks that it was asked for and that are not here yet.
        public let blocksInFlight: Int
    }

    /// The blob's size in bytes.
    public let byteCount: Int
    /// 256 KiB blocks of the blob.
    public let blockCount: Int
    /// Blocks that are verified and here; of a blob that is not kept, that were.
    public let heldBlocks: Int
    /// The providers so far, fastest first.
    public let providers: [Provider]
}

extension FetchProgress {
    /// Verified bytes that are here, rounded up to whole blocks.
    public var heldBytes: Int { min(byteCount, heldBlocks * BlockTree.blockByteCount) }
}

extension BlobFetch {
    var progress: FetchProgress {
        let plan = state.withLock { $0.plan }
        let active = plan.sources.map { source in
            FetchProgress.Provider(
                node: source.node, standing: .active, receivedBytes: plan.tally.bytesByNode[source.node] ?? 0,
                rate: plan.pace(of: source)?.rate, blocksInFlight: plan.inFlight(of: source))
        }
        let isActive = Set(active.map(\.node))
        let fallen = plan.fallen.filter { !isActive.contains($0.key) }.map { node, fallen in
            FetchProgress.Provider(
                node: node, standing: fallen.isBanned ? .banned : .lost,
                receivedBytes: plan.tally.bytesByNode[node] ?? 0, rate: nil, blocksInFlight: 0)
        }
        return FetchProgress(
            byteCount: byteCount, blockCount: plan.blockCount, heldBlocks: plan.done.count,
            providers: (active + fallen).sorted { ($1.rate ?? 0, $0.node) < ($0.rate ?? 0, $1.node) })
    }
}
