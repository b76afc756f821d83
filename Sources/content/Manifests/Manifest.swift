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
        case .function(let function): [function.script]
        }
    }

    /// The canonical bytes: equal manifests give equal bytes.
    public func encoded() throws -> Data {
        var message = ManifestPBManifest()
        switch self {
        case .site(let site):
            message.site.files = site.files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                path, file in
                var entry = ManifestPBFile()
                entry.path = path
                entry.blob = Data(file.blob.digest.bytes)
                entry.byteCount = UInt64(file.byteCount)
                entry.contentType = file.contentType
                return entry
            }
        case .function(let function):
            message.function.script = Data(function.script.digest.bytes)
            message.function.scriptByteCount = UInt64(function.scriptByteCount)
            message.function.sourceName = function.sourceName
            message.function.exports = function.exports
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
        case .function(let function): self = .function(try Manifest.function(function))
        case nil:
            throw ManifestError(
                .malformed, "The manifest names no kind of app that this version knows; update the node")
        }
    }

    private static func site(_ message: ManifestPBSite) throws -> SiteManifest {
        guard message.files.count <= ManifestLimits.maxFiles else {
            throw ManifestError(
                .tooLarge, "The manifest lists \(message.files.count) files; the limit is \(ManifestLimits.maxFiles)")
        }
        var files: [String: SiteManifest.File] = [:]
        files.reserveCapacity(message.files.count)
        for entry in message.files {
            guard let digest = Digest(entry.blob), let byteCount = Int(exactly: entry.byteCount),
                files.updateValue(
                    SiteManifest.File(blob: BlobID(digest), byteCount: byteCount, contentType: entry.contentType),
                    forKey: entry.path) == nil
            else {
                throw ManifestError(.malformed, "The manifest's entry for \"\(entry.path)\" is malformed or repeated")
            }
        }
        return try SiteManifest(files: files)
    }

    private static func function(_ message: ManifestPBFunction) throws -> FunctionManifest {
        guard let digest = Digest(message.script), let byteCount = Int(exactly: message.scriptByteCount),
            byteCount <= ManifestLimits.maxScriptBytes, message.exports.count <= ManifestLimits.maxExports
        else { throw ManifestError(.malformed, "The function's manifest is malformed or its script is too large") }
        return FunctionManifest(
            script: BlobID(digest), scriptByteCount: byteCount, sourceName: message.sourceName, exports: message.exports
        )
    }
}
