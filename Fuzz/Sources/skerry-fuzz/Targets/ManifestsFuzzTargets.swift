import Foundation
import Manifests

/// The manifest decoder. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum ManifestsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["manifest": manifest] }

    private static func manifest(_ input: [UInt8]) -> String? {
        guard let manifest = try? Manifest(decoding: Data(input)) else { return nil }
        _ = manifest.blobs
        guard let bytes = try? manifest.encoded() else { return "what was read cannot be written" }
        // Written canonically, a manifest at the limit may grow beyond it.
        guard bytes.count <= ManifestLimits.maxManifestBytes else { return nil }
        return (try? Manifest(decoding: bytes)) == manifest ? nil : "what was written is read as another manifest"
    }
}
