import Foundation
import Identity
import Synchronization
import Volumes

/// The last snapshot of every volume that this node has heard of, in a file.
final class SnapshotBook: Sendable {
    /// Volumes that are remembered at most; further ones are not.
    static let maxVolumes = 100_000

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

    /// Notes a snapshot unless a later one is known.
    ///
    /// - Returns: The one that it takes the place of, and whether it was noted. Durable on return.
    func take(_ new: SnapshotNews) throws -> (previous: SnapshotNews?, isNews: Bool) {
        try news.withLock { news in
            let previous = news[new.volume]
            if let previous, !new.supersedes(previous) { return (previous, false) }
            guard previous != nil || news.count < SnapshotBook.maxVolumes else { return (nil, false) }
            news[new.volume] = new
            let rows = news.values.sorted { $0.volume < $1.volume }.map {
                Row(
                    volume: $0.volume.description, blob: $0.blob.description, fence: $0.fence,
                    createdMilliseconds: $0.createdMilliseconds)
            }
            try JSONEncoder().encode(rows).write(to: URL(fileURLWithPath: path), options: .atomic)
            return (previous, true)
        }
    }
}
