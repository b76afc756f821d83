import AsyncHTTPClient
public import ControlModel
public import Foundation
public import Identity
public import Ledger
import NIOCore
import NIOHTTP1

/// What a developer asks a node about functions.
extension NodeClient {
    /// What an app wrote on this node behind `after`, oldest first, the newest `limit` records of it.
    ///
    /// - Parameters:
    ///   - after: The ``FunctionLogPage/next`` of the page before; 0 for what is kept.
    ///   - wait: How long the node waits while there is nothing; at most 30 s.
    /// - Throws: `ControlFailure` with status 403 if the client's account does not own the name.
    public func functionLogs(
        of name: AppName, after: UInt64 = 0, limit: Int = FunctionLogPage.maxCount, wait: Duration = .zero
    ) async throws -> FunctionLogPage {
        let milliseconds = Int64(wait / .milliseconds(1))
        return try await send(
            .GET, "/api/v1/names/\(name)/logs?after=\(after)&limit=\(limit)&wait=\(milliseconds)",
            .bytes(ByteBuffer()), signed: true)
    }

    /// A stored blob's bytes as the node has them; the caller checks them.
    ///
    /// - Throws: `ControlFailure` with status 404 if the node lacks the blob.
    public func content(of id: BlobID, limit: Int) async throws -> Data {
        try await bytes("/api/v1/blobs/\(id)/content", limit: limit)
    }
}
