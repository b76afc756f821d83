import Blake3
import Foundation
import Identity
import Testing
import Volumes

@testable import Node

/// What a node remembers of snapshots, whoever tells of them.
@Suite struct SnapshotBookTests {
    private func news(_ volume: String, _ fence: UInt64, _ time: Int64) throws -> SnapshotNews {
        SnapshotNews(
            volume: try #require(VolumeID(volume)), blob: BlobID(Blake3.hash(Array("\(volume) \(fence) \(time)".utf8))),
            fence: fence, createdMilliseconds: time)
    }

    private func withBook(_ body: (String, SnapshotBook) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "snapshots-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path, try SnapshotBook(path: path))
    }

    /// What is forgotten for it; nil if it is not noted.
    private func take(_ news: SnapshotNews, _ book: SnapshotBook) throws -> [SnapshotNews]? {
        let (gone, isNews) = try book.take(news)
        return isNews ? gone : nil
    }

    @Test func theLatestIsRememberedOverRestarts() throws {
        try withBook { path, book in
            let (first, second) = (try news("app/0/data", 1, 9), try news("app/0/data", 2, 3))
            #expect(try take(first, book) == [])
            #expect(try take(second, book) == [first])
            #expect(try take(first, book) == nil)
            #expect(try take(try news("app/1/data", 1, 1), book) == [])
            let again = try SnapshotBook(path: path)
            #expect(again[second.volume] == second && again.blobs.count == 2)
            #expect(try again.forget(second.volume) == second)
            #expect(try again.forget(second.volume) == nil && again[second.volume] == nil)
            #expect(try SnapshotBook(path: path)[second.volume] == nil)
        }
    }

    /// A slot's node could make names up.
    @Test func aSlotHasNoMoreVolumesThanAMachine() throws {
        try withBook { _, book in
            let most = SnapshotBook.maxVolumesOfSlot
            for number in 0..<most {
                #expect(try take(try news("app/0/v\(number)", 1, Int64(number)), book) == [])
            }
            let first = try news("app/0/v0", 1, 0)
            #expect(try take(try news("app/0/late", 0, 5), book) == nil)
            #expect(try take(try news("app/0/new", 2, 5), book) == [first])
            #expect(try take(try news("app/1/new", 1, 0), book) == [], "another slot")
            #expect(book.blobs.count == most + 1)
        }
    }
}
