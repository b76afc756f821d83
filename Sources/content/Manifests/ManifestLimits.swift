/// Bounds on manifests, checked when one is made and when one is read.
public enum ManifestLimits {
    /// Files of one site.
    public static let maxFiles = 100_000
    /// Length of one path, in UTF-8.
    public static let maxPathBytes = 1_024
    /// Length of a media type.
    public static let maxContentTypeBytes = 255
    /// Size of an encoded manifest: room for the largest site.
    public static let maxManifestBytes = 16 << 20
    /// Size of a function's script.
    public static let maxScriptBytes = 4 << 20
    /// Exports of a function.
    public static let maxExports = 256
}
