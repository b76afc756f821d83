import Blake3
public import ControlModel
import Foundation
import Identity
public import Manifests

extension NodeClient {
    /// The manifest of a release, which is the one that the release names whatever the node sends.
    ///
    /// - Throws: ``ClientError`` `.corrupt` if the node sends something else, `ControlFailure` with status 404 if it has none.
    public func manifest(of release: ReleaseInfo) async throws -> Manifest {
        guard let id = BlobID(release.manifest) else {
            throw ClientError(.badAnswer, "\(control) names no manifest of release \(release.id); update the node")
        }
        let bytes = try await content(of: id, limit: ManifestLimits.maxManifestBytes)
        guard BlobID(Blake3.hash(bytes)) == id else {
            throw ClientError(
                .corrupt, "\(control) sent something else than the manifest of release \(release.id); use another node")
        }
        return try Manifest(decoding: bytes)
    }
}
