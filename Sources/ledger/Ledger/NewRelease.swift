public import Blake3
public import Foundation
public import Identity

/// What is published under a name.
public struct NewRelease: Hashable, Sendable {
    /// Copies that a release may ask for at most.
    public static let maxReplicas: UInt32 = 64

    public var kind: ReleaseKind
    /// The blob that lists the release's files.
    public var manifest: BlobID
    /// The size of the manifest blob in bytes.
    public var manifestByteCount: UInt64
    /// For people, like a commit message; at most ``NetworkParameters/messageByteCount`` bytes.
    public var message: String
    /// Opaque to the ledger; at most ``NetworkParameters/settingsBytes``.
    public var settings: Data
    /// The machine that it asks for; nil if it asks for none.
    public var sizeClass: SizeClass?
    /// Copies that it asks for, at most ``maxReplicas``; 0 for as many as the network makes.
    public var replicas: UInt32
    /// The BLAKE3 digest of its sealed secrets; nil for none.
    public var secretsEnvelope: Digest?

    public init(
        kind: ReleaseKind, manifest: BlobID, manifestByteCount: UInt64, message: String = "", settings: Data = Data(),
        sizeClass: SizeClass? = nil, replicas: UInt32 = 0, secretsEnvelope: Digest? = nil
    ) {
        self.kind = kind
        self.manifest = manifest
        self.manifestByteCount = manifestByteCount
        self.message = message
        self.settings = settings
        self.sizeClass = sizeClass
        self.replicas = replicas
        self.secretsEnvelope = secretsEnvelope
    }
}
