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
    /// Content that is fetched from elsewhere.
    case origin(OriginManifest)
    /// Several kinds under one name.
    case composite(CompositeManifest)
    /// A container.
    case machine(MachineManifest)

    /// The distinct blobs that a node needs to serve the release, without the manifest itself.
    public var blobs: [BlobID] {
        switch self {
        case .site(let site): site.blobs
        case .function(let function): function.blobs
        case .origin: []
        case .composite(let composite): composite.blobs
        case .machine(let machine): machine.blobs
        }
    }

    /// The function that the release runs, alone or beside others; nil for a release without one.
    public var function: FunctionManifest? {
        switch self {
        case .site, .origin, .machine: nil
        case .function(let function): function
        case .composite(let composite): composite.function
        }
    }

    /// The machine that the release runs, alone or beside others; nil for a release without one.
    public var machine: MachineManifest? {
        switch self {
        case .site, .function, .origin: nil
        case .composite(let composite): composite.machine
        case .machine(let machine): machine
        }
    }

    /// Names of the secrets that the release cannot do without, in order.
    public var secrets: [String] {
        switch self {
        case .site: []
        case .function(let function): function.secrets
        case .origin(let origin): origin.secrets
        case .composite(let composite): composite.secrets
        case .machine(let machine): machine.secrets
        }
    }

    /// The canonical bytes: equal manifests give equal bytes.
    public func encoded() throws -> Data {
        var message = ManifestPBManifest()
        switch self {
        case .site(let site): message.site = Manifest.message(site)
        case .function(let function): message.function = function.message
        case .origin(let origin): message.origin = origin.message
        case .composite(let composite): message.composite = composite.message
        case .machine(let machine): message.machine = machine.message
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
        case .function(let function):
            let function = try FunctionManifest(function)
            guard !function.needsMachine else {
                throw ManifestError(
                    .malformed, "The function has a binding to its app's machine, but nothing else is in the app")
            }
            self = .function(function)
        case .origin(let origin): self = .origin(try OriginManifest(origin))
        case .composite(let composite): self = .composite(try CompositeManifest(composite))
        case .machine(let machine): self = .machine(try MachineManifest(machine))
        case nil:
            throw ManifestError(
                .malformed, "The manifest names no kind of app that this version knows; update the node")
        }
    }

    static func message(_ site: SiteManifest) -> ManifestPBSite {
        var message = ManifestPBSite()
        message.files = entries(site.files)
        if let rules = site.rules.message { message.rules = rules }
        return message
    }

    static func site(_ message: ManifestPBSite) throws -> SiteManifest {
        try SiteManifest(
            files: try files(message.files), rules: message.hasRules ? try SiteRules(message.rules) : SiteRules())
    }

    /// Files in order of their paths.
    static func entries(_ files: [String: SiteManifest.File]) -> [ManifestPBFile] {
        files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { path, file in
            var entry = ManifestPBFile()
            entry.path = path
            entry.blob = Data(file.blob.digest.bytes)
            entry.byteCount = UInt64(file.byteCount)
            entry.contentType = file.contentType
            entry.variants = file.variants.map { variant in
                var entry = ManifestPBVariant()
                entry.encoding = variant.encoding.rawValue
                entry.blob = Data(variant.blob.digest.bytes)
                entry.byteCount = UInt64(variant.byteCount)
                return entry
            }
            entry.immutable = file.isImmutable
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
                    SiteManifest.File(
                        blob: BlobID(digest), byteCount: byteCount, contentType: entry.contentType,
                        variants: try variants(entry), isImmutable: entry.immutable),
                    forKey: entry.path) == nil
            else {
                throw ManifestError(.malformed, "The manifest's entry for \"\(entry.path)\" is malformed or repeated")
            }
        }
        return files
    }

    /// Codings that this version does not know are left out: the content itself is there in any case.
    private static func variants(_ entry: ManifestPBFile) throws -> [SiteManifest.Variant] {
        guard !entry.variants.isEmpty else { return [] }
        guard entry.variants.count <= ManifestLimits.maxVariants else {
            throw ManifestError(.tooLarge, "The manifest's entry for \"\(entry.path)\" has too many content codings")
        }
        return try entry.variants.compactMap { variant in
            guard let encoding = ContentEncoding(rawValue: variant.encoding) else { return nil }
            guard let digest = Digest(variant.blob), let byteCount = Int(exactly: variant.byteCount) else {
                throw ManifestError(.malformed, "The manifest's entry for \"\(entry.path)\" has a malformed variant")
            }
            return SiteManifest.Variant(encoding: encoding, blob: BlobID(digest), byteCount: byteCount)
        }
    }
}
