import ControlModel
import Foundation
import Identity
import NIOCore

/// Uploads the blobs that a node lacks, several at a time.
struct BlobUploader: Sendable {
    /// Where a blob's bytes are.
    enum Source: Sendable {
        case file(String, Int)
        case bytes(ByteBuffer)

        var byteCount: Int {
            switch self {
            case .file(_, let byteCount): byteCount
            case .bytes(let bytes): bytes.readableBytes
            }
        }
    }

    /// How far an upload is.
    struct Progress: Sendable {
        var blobs: Int
        var ofBlobs: Int
        var bytes: Int
        var ofBytes: Int
    }

    /// Uploads at once.
    private static let parallelUploads = 8
    /// Files up to this size are read whole.
    private static let wholeFileBytes = 1 << 20

    let client: NodeClient

    /// Stores those of `sources` that the node lacks; they are durable there when this returns.
    ///
    /// - Returns: The number of blobs that were sent, and their bytes.
    func upload(
        _ sources: [BlobID: Source], progress: @Sendable (Progress) -> Void
    ) async throws -> (blobs: Int, bytes: Int) {
        let missing = try await client.missing(sources.keys.sorted())
        let total = missing.reduce(0) { $0 + (sources[$1]?.byteCount ?? 0) }
        var done = Progress(blobs: 0, ofBlobs: missing.count, bytes: 0, ofBytes: total)
        progress(done)
        try await withThrowingTaskGroup(of: Int.self) { group in
            func collect() async throws {
                guard let bytes = try await group.next() else { return }
                done.blobs += 1
                done.bytes += bytes
                progress(done)
            }
            for (index, id) in missing.enumerated() {
                guard let source = sources[id] else { continue }
                if index >= BlobUploader.parallelUploads { try await collect() }
                group.addTask { try await upload(id, source) }
            }
            while done.blobs < missing.count { try await collect() }
        }
        return (done.blobs, done.bytes)
    }

    private func upload(_ id: BlobID, _ source: Source) async throws -> Int {
        switch source {
        case .bytes(let bytes): return try await client.upload(id, bytes).byteCount
        case .file(let path, let byteCount):
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw ClientError(.fileUnusable, "Cannot read \(path) any more; repeat the command")
            }
            defer { try? handle.close() }
            if byteCount <= BlobUploader.wholeFileBytes {
                let data = try handle.readToEnd() ?? Data()
                guard data.count == byteCount else { throw BlobUploader.changed(path) }
                return try await client.upload(id, ByteBuffer(bytes: data)).byteCount
            }
            let chunks = FileChunks(descriptor: handle.fileDescriptor)
            return try await client.upload(id, chunks, byteCount: byteCount).byteCount
        }
    }

    private static func changed(_ path: String) -> ClientError {
        ClientError(.fileUnusable, "\(path) changed while it was being sent; repeat the command")
    }
}
