import AsyncHTTPClient
public import ControlModel
import Foundation
public import Identity
import NIOCore
import NIOHTTP1

/// What an operator does with the blobs of a node.
extension NodeClient {
    /// One page of the stored blobs, in order of their digests.
    ///
    /// - Parameters:
    ///   - after: The ``BlobPage/next`` of the page before; nil begins with the first.
    ///   - isPinned: Only pinned blobs, only others, or nil for all.
    public func blobs(after: String?, limit: Int = BlobPage.maxCount, isPinned: Bool? = nil) async throws -> BlobPage {
        let filter = isPinned.map { $0 ? "pinned" : "unpinned" } ?? "all"
        return try await get("/api/v1/blobs?limit=\(limit)&filter=\(filter)" + (after.map { "&after=\($0)" } ?? ""))
    }

    /// Where the blocks of a running fetch come from; nil if the node is not fetching the blob.
    public func fetch(of id: BlobID) async throws -> FetchInfo? {
        do {
            return try await get("/api/v1/blobs/\(id)/fetch")
        } catch let failure as ControlFailure where failure.status == 404 {
            return nil
        }
    }

    /// Has the node fetch what it lacks and keep all of it for this account; durable when this returns.
    ///
    /// - Parameter asFolders: Each blob is a manifest, whose blobs are fetched and kept with it.
    public func pin(_ ids: [BlobID], asFolders: Bool = false) async throws -> PinReport {
        try await post("/api/v1/pins", PinRequest(blobs: ids.map(\.description), asFolders: asFolders))
    }

    /// Ends this account's pins; the blobs stay until the node needs the room.
    public func unpin(_ ids: [BlobID]) async throws -> PinReport {
        try await post("/api/v1/pins/remove", BlobList(blobs: ids.map(\.description)))
    }

    /// Has the node remove what nobody protects and nobody used for a while.
    public func collect(_ request: CollectionRequest) async throws -> CollectionInfo {
        try await post("/api/v1/collections", request)
    }

    /// One step of reading and checking what the node stores.
    public func verify(_ request: VerificationRequest) async throws -> VerificationInfo {
        try await post("/api/v1/verifications", request)
    }

    private func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        try await send(.POST, path, .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body))), signed: true)
    }
}
