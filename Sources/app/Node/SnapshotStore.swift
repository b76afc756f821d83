import Blake3
import BlobStore
import Foundation
import Identity
import Ledger
import LedgerLog
import NIOCore
import NIOPosix

/// Snapshots of the ledger as blobs of this node: equal states are equal blobs, which nodes fetch from each other.
struct SnapshotStore: Sendable {
    /// The largest snapshot that is fetched from peers: 8 GiB, some 50,000,000 accounts.
    static let maxByteCount = 8 << 30
    private static let owner = PinOwner("ledger")

    let store: BlobStore
    let threadPool: NIOThreadPool
    /// Where a snapshot is put together; removed afterwards.
    let draftPath: String

    /// Writes the state down as a blob and pins it. When this returns, both are durable.
    func write(_ state: LedgerState) async throws -> (id: BlobID, byteCount: Int) {
        let path = draftPath
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await threadPool.runIfActive {
            try Data().write(to: URL(fileURLWithPath: path))
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try LedgerSnapshot.write(state) { try file.write(contentsOf: $0) }
        }
        let written = try await adopt(path, expecting: nil)
        try await pin(written.id)
        return written
    }

    /// Takes a file into the store.
    ///
    /// - Throws: `BlobStoreError` `.digestMismatch` if it is not the expected blob.
    func adopt(_ path: String, expecting id: BlobID?) async throws -> (id: BlobID, byteCount: Int) {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let session = try store.ingest(expecting: id, sizeHint: nil)
        try await session.write(contentsOf: file.fileDescriptor, name: path)
        let (id, byteCount) = try await session.finish()
        return (id, byteCount)
    }

    /// Reads a snapshot back.
    ///
    /// - Parameters:
    ///   - stateRoot: The root that the state must have.
    ///   - entryHash: The hash of the last entry that it covers.
    /// - Throws: ``LedgerError`` `.badSnapshot` for any other, ``BlobStoreError`` if it is not here whole.
    func read(
        _ id: BlobID, of genesis: Genesis, stateRoot: Digest, entryHash: Digest
    ) async throws -> LedgerState {
        guard let stat = try store.stat(id) else {
            throw BlobStoreError(.notFound, "The snapshot \(id) is not in the store")
        }
        var reader = LedgerSnapshotReader(genesis: genesis, stateRoot: stateRoot, entryHash: entryHash)
        for index in 0..<stat.blockCount {
            let block = try await store.block(id, index)
            try reader.update(Data(block.readableBytesView))
        }
        return try reader.finish()
    }

    /// Keeps a snapshot from eviction and collection. A restart needs that of the log's base.
    func pin(_ id: BlobID) async throws {
        if let owner = SnapshotStore.owner { try await store.pin([id], by: owner) }
    }

    /// Keeps these snapshots and no others.
    func replacePins(with ids: [BlobID]) async throws {
        if let owner = SnapshotStore.owner { try await store.replacePins(of: owner, with: ids) }
    }
}
