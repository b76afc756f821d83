public import Foundation
public import Identity

/// What is published under a name.
public struct NewRelease: Hashable, Sendable {
    public var kind: ReleaseKind
    /// The blob that lists the release's files.
    public var manifest: BlobID
    /// The size of the manifest blob in bytes.
    public var manifestByteCount: UInt64
    /// For people, like a commit message; at most ``NetworkParameters/messageByteCount`` bytes.
    public var message: String
    /// Opaque to the ledger; at most ``NetworkParameters/settingsBytes``.
    public var settings: Data

    public init(
        kind: ReleaseKind, manifest: BlobID, manifestByteCount: UInt64, message: String = "", settings: Data = Data()
    ) {
        self.kind = kind
        self.manifest = manifest
        self.manifestByteCount = manifestByteCount
        self.message = message
        self.settings = settings
    }
}
