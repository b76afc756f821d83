import Blake3
public import Foundation
public import Identity
import SwiftProtobuf
import Wire

/// What a release serves. A manifest is a blob itself; its id names the release's content.
public enum Manifest: Sendable, Equatable {
    /// Files.
    case site(SiteManifest)
    /// Code that answers requests.
    case function(FunctionManifest)

    /// The distinct blobs that a node needs to serve the release, without the manifest itself.
    public var blobs: [BlobID] {
        switch self {
        case .site(let site): site.blobs
        case .function(let function): function.blobs
        }
    }

    /// The canonical bytes: equal manifests give equal bytes.
    public func encoded() throws -> Data {
        var message = ManifestPBManifest()
        switch self {
        case .site(let site):
            message.site.files = Manifest.entries(site.files)
        case .function(let function): message.function = function.message
        }
        return try message.serializedData()
    }

    /// Reads a manifest. Any bytes are allowed.
    ///
    /// - Throws: ``ManifestError``.
    public init(decoding bytes: Data) throws {
        guard bytes.count <= ManifestLimits.maxManifestBytes else {
            throw ManifestError(
                .tooLarge, "The manifest has \(bytes.count) bytes; the limit is \(ManifestLimits.maxManifestBytes)")
        }
        guard let message = try? ManifestPBManifest(serializedBytes: bytes) else {
            throw ManifestError(.malformed, "The blob is not a manifest; deploy the app again")
        }
        switch message.kind {
        case .site(let site): self = .site(try Manifest.site(site))
        case .function(let function): self = .function(try FunctionManifest(function))
        case nil:
            throw ManifestError(
                .malformed, "The manifest names no kind of app that this version knows; update the node")
        }
    }

    private static func site(_ message: ManifestPBSite) throws -> SiteManifest {
        try SiteManifest(files: try files(message.files))
    }

    /// Files in order of their paths.
    static func entries(_ files: [String: SiteManifest.File]) -> [ManifestPBFile] {
        files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { path, file in
            var entry = ManifestPBFile()
            entry.path = path
            entry.blob = Data(file.blob.digest.bytes)
            entry.byteCount = UInt64(file.byteCount)
            entry.contentType = file.contentType
            return entry
        }
    }

    /// Distinct files; their paths are checked by `SiteManifest.init(files:)`.
    static func files(_ entries: [ManifestPBFile]) throws -> [String: SiteManifest.File] {
        guard entries.count <= ManifestLimits.maxFiles else {
            throw ManifestError(
                .tooLarge, "The manifest lists \(entries.count) files; the limit is \(ManifestLimits.maxFiles)")
        }
        var files: [String: SiteManifest.File] = [:]
        files.reserveCapacity(entries.count)
        for entry in entries {
            guard let digest = Digest(entry.blob), let byteCount = Int(exactly: entry.byteCount),
                files.updateValue(
                    SiteManifest.File(blob: BlobID(digest), byteCount: byteCount, contentType: entry.contentType),
                    forKey: entry.path) == nil
            else {
                throw ManifestError(.malformed, "The manifest's entry for \"\(entry.path)\" is malformed or repeated")
            }
        }
        return files
    }
}
