public import Identity

/// One function: what a function's release runs.
public struct FunctionManifest: Sendable, Equatable {
    /// The blob that holds the script for the engine.
    public let script: BlobID
    /// The script's size in bytes.
    public let scriptByteCount: Int
    /// The source file's name, for stack traces.
    public let sourceName: String
    /// The names that the source module exports.
    public let exports: [String]

    /// Nothing is checked here: `Manifest.init(decoding:)` checks what others wrote. A size is not negative.
    public init(script: BlobID, scriptByteCount: Int, sourceName: String, exports: [String]) {
        self.script = script
        self.scriptByteCount = scriptByteCount
        self.sourceName = sourceName
        self.exports = exports
    }
}
