import Files
import Foundation
import Identity
import Manifests
import Synchronization
import Volumes

/// The last snapshot of every volume that this node has heard of, in a file.
final class SnapshotBook: Sendable {
    /// Volumes that are remembered at most; further ones are not.
    static let maxVolumes = 100_000
    /// Volumes of a slot: as many as a machine has. A slot's node could name any.
    static let maxVolumesOfSlot = ManifestLimits.maxVolumes

    private struct Row: Codable {
        var volume: String
        var blob: String
        var fence: UInt64
        var createdMilliseconds: Int64
    }

    private let path: String
    private let news: Mutex<[VolumeID: SnapshotNews]>

    /// - Throws: If the file is there and cannot be read.
    init(path: String) throws {
        self.path = path
        var known: [VolumeID: SnapshotNews] = [:]
        if let data = FileManager.default.contents(atPath: path) {
            for row in try JSONDecoder().decode([Row].self, from: data) {
                guard let volume = VolumeID(row.volume), let blob = BlobID(row.blob) else { continue }
                known[volume] = SnapshotNews(
                    volume: volume, blob: blob, fence: row.fence, createdMilliseconds: row.createdMilliseconds)
            }
        }
        news = Mutex(known)
    }

    subscript(_ volume: VolumeID) -> SnapshotNews? { news.withLock { $0[volume] } }

    /// All snapshots that are remembered.
    var blobs: Set<BlobID> { news.withLock { Set($0.values.map(\.blob)) } }

    /// Notes a snapshot unless a later one is known. Durable on return.
    ///
    /// - Returns: Those that are remembered no more, and whether it was noted.
    func take(_ new: SnapshotNews) throws -> (gone: [SnapshotNews], isNews: Bool) {
        try news.withLock { news in
            var gone: [SnapshotNews] = []
            if let previous = news[new.volume] {
                guard new.supersedes(previous) else { return ([], false) }
                gone = [previous]
            } else {
                let others = news.values.filter { $0.volume.app == new.volume.app && $0.volume.slot == new.volume.slot }
                if others.count >= SnapshotBook.maxVolumesOfSlot,
                    let oldest = others.min(by: { $1.supersedes($0) })
                {
                    guard new.supersedes(oldest) else { return ([], false) }
                    gone = [oldest]
                }
                guard news.count - gone.count < SnapshotBook.maxVolumes else { return ([], false) }
            }
            var next = news
            for old in gone { next[old.volume] = nil }
            next[new.volume] = new
            try write(next)
            news = next
            // The same content may have been written again.
            return (gone.filter { $0.blob != new.blob }, true)
        }
    }

    /// Forgets a volume. Durable on return.
    ///
    /// - Returns: Its last snapshot, if one was known.
    func forget(_ volume: VolumeID) throws -> SnapshotNews? {
        try news.withLock { news in
            var next = news
            guard let old = next.removeValue(forKey: volume) else { return nil }
            try write(next)
            news = next
            return old
        }
    }

    private func write(_ news: [VolumeID: SnapshotNews]) throws {
        let rows = news.values.sorted { $0.volume < $1.volume }.map {
            Row(
                volume: $0.volume.description, blob: $0.blob.description, fence: $0.fence,
                createdMilliseconds: $0.createdMilliseconds)
        }
        try DurableFile.replace(path, with: Array(try JSONEncoder().encode(rows)))
    }
}
