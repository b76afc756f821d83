public import Identity

/// One function: what a function's release runs.
public struct FunctionManifest: Sendable, Equatable {
    /// The blob that holds the script for the engine, or a WebAssembly module with its files.
    public let script: BlobID
    /// The script's size in bytes.
    public let scriptByteCount: Int
    /// The source file's name, for stack traces.
    public let sourceName: String
    /// The names that the source module exports.
    public let exports: [String]
    /// Texts in `env`.
    public var vars: [String: String] = [:]
    /// What else is in `env`; a manifest that is read has them in the order of their names.
    public var bindings: [FunctionBinding] = []
    /// Names of the secrets that the function cannot do without; a manifest that is read has them in order.
    public var secrets: [String] = []
    /// Files that are served beside the function, or that it reads through a binding.
    public var assets: [String: SiteManifest.File] = [:]
    /// What the files' side of the app answers beside the files.
    public var siteRules = SiteRules()
    /// Paths that the function answers; empty for all that are no assets.
    public var routes: [RoutePattern] = []
    /// When the clock calls the function.
    public var cron: [CronExpression] = []
    /// The day whose runtime behaviour the app was written for, `yyyy-mm-dd`; nil for the newest.
    public var compatibilityDate: String?
    /// What one request may use.
    public var limits = LimitsClass.standard
    /// What made the script, such as `esbuild 0.17.0`; empty for a file that was taken as it is.
    public var bundler = ""
    /// The blob with the script's source map (ECMA-426); nil where lines are those of the source.
    public var sourceMap: BlobID?
    /// The source map's size in bytes.
    public var sourceMapByteCount = 0

    /// Nothing is checked here: `Manifest.init(decoding:)` checks what others wrote. A size is not negative.
    public init(script: BlobID, scriptByteCount: Int, sourceName: String, exports: [String]) {
        self.script = script
        self.scriptByteCount = scriptByteCount
        self.sourceName = sourceName
        self.exports = exports
    }

    /// Whether it has a binding to its app's machine.
    public var needsMachine: Bool { bindings.contains { $0.target == .machine } }

    /// The distinct blobs that a node needs to run the function, in order of their ids.
    public var blobs: [BlobID] {
        SiteManifest.blobs(of: assets).union([script] + (sourceMap.map { [$0] } ?? [])).sorted()
    }
}
