import AsyncHTTPClient
public import ControlModel
import Foundation
import Identity
public import Images
import NIOCore
import NIOHTTP1

/// Images of machines on a node.
extension NodeClient {
    /// The images that the node keeps, the newest first.
    public func images() async throws -> ImageList { try await get("/api/v1/images") }

    /// Imports an image and has the node keep it; layers and record are durable there on return.
    ///
    /// - Parameters:
    ///   - name: What people call it, such as the reference; cut off where it is too long.
    ///   - progress: Called now and then, from several tasks.
    /// - Throws: `ImageError` for an image that cannot be had or is refused, `ClientError`, `ControlFailure`.
    public func addImage(
        _ origin: ImageImporter.Origin, name: String, settings: ImageImporter.Settings,
        progress: @escaping @Sendable (ImageImporter.Progress) -> Void = { _ in }
    ) async throws -> (info: ImageInfo, report: ImageImporter.Report) {
        let known = try await images().images.flatMap(\.layers).compactMap(StoredLayer.init)
        let importer = ImageImporter(NodeImageStore(client: self), settings: settings)
        let report = try await importer.run(
            origin, known: Dictionary(known.map { ($0.digest, $0) }, uniquingKeysWith: { $1 }), progress: progress)
        let info: ImageInfo = try await post(
            "/api/v1/images", ImageRequest(blob: report.image.blob.description, name: NodeClient.cut(name)))
        return (info, report)
    }

    /// Has the node let go of images that no release needs.
    public func pruneImages(isDryRun: Bool) async throws -> ImagePruneReport {
        try await post("/api/v1/images/prune", ImagePruneRequest(isDryRun: isDryRun))
    }

    /// At most what a name may have, and no half a character.
    private static func cut(_ name: String) -> String {
        var cut = name
        while cut.utf8.count > ImageRequest.maxNameBytes { cut.removeLast() }
        return cut
    }

    private func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        try await send(.POST, path, .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body))), signed: true)
    }
}

extension StoredLayer {
    /// Nil for what is none.
    fileprivate init?(_ layer: ImageInfo.Layer) {
        guard let blob = BlobID(layer.blob), let digest = ImageDigest(layer.digest),
            let diffID = ImageDigest(layer.diffID)
        else { return nil }
        self.init(
            blob: blob, digest: digest, diffID: diffID, mediaType: layer.mediaType, byteCount: layer.byteCount)
    }
}
