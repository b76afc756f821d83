import AppManifests
import Manifests

/// The reader of `skerry.toml`. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum AppManifestsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["app-manifest": manifest] }

    private static func manifest(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        let manifest: AppManifest
        do { manifest = try AppManifest(parsing: text) } catch {
            let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
            if error.problems.isEmpty { return "it was refused without a reason" }
            return error.problems.allSatisfy { (1...lines).contains($0.position.line) && $0.position.column > 0 }
                ? nil : "a reason points to a place that there is not"
        }
        guard FunctionBinding.isLabel(manifest.name) else { return "the name is none" }
        return manifest.kind == .site || manifest.entry != nil ? nil : "a function has no entry"
    }
}
