import Blake3
import Foundation
public import Identity

/// An image whose layers are blobs.
///
/// Its one form in bytes, the record, is itself a small blob, whose id a machine manifest names. It holds the image's
/// manifest and config byte for byte, and the blob of each layer; everything else is read from those, so a record cannot
/// contradict itself: `manifest` names `config` by its digest, and both name the layers.
///
/// A record says which blob has which layer; that this is true shows when the layer is unpacked, which compares the
/// digests. Nothing else may rely on it.
public struct StoredImage: Sendable, Hashable {
    /// The digest of the manifest: what registries call the image's digest.
    public let id: ImageDigest
    /// How its program is run.
    public let config: ImageConfig
    /// Lowest first.
    public let layers: [StoredLayer]
    /// The manifest, byte for byte.
    public let manifestBytes: [UInt8]
    /// The config, byte for byte.
    public let configBytes: [UInt8]

    /// `skerry-image`, a zero byte, and the form's version.
    private static let magic: [UInt8] = Array("skerry-image\0".utf8) + [1]

    /// - Parameters:
    ///   - manifest: Byte for byte.
    ///   - config: Byte for byte.
    ///   - blobs: One a layer, lowest first.
    /// - Throws: ``ImageError`` if a document is malformed, or they do not belong together.
    public init(manifest: [UInt8], config: [UInt8], blobs: [BlobID]) throws(ImageError) {
        let parsed = try ImageManifest(manifest, name: "image's manifest")
        guard parsed.config.size == config.count, parsed.config.digest == ImageDigest(hashing: config) else {
            throw ImageError(.wrongDigest, "The image's config is not the one that its manifest names")
        }
        let parsedConfig = try ImageConfig(config)
        guard parsedConfig.diffIDs.count == parsed.layers.count, blobs.count == parsed.layers.count else {
            throw ImageError(
                .badDocument,
                "The image's manifest has \(parsed.layers.count) layers and its config \(parsedConfig.diffIDs.count)")
        }
        id = ImageDigest(hashing: manifest)
        self.config = parsedConfig
        layers = parsed.layers.indices.map { index in
            let layer = parsed.layers[index]
            return StoredLayer(
                blob: blobs[index], digest: layer.digest, diffID: parsedConfig.diffIDs[index],
                mediaType: layer.mediaType, byteCount: layer.size)
        }
        manifestBytes = manifest
        configBytes = config
    }

    /// Reads a record.
    ///
    /// - Throws: ``ImageError`` `.badRecord` for bytes that are none, and as ``init(manifest:config:blobs:)``.
    public init(record: [UInt8]) throws(ImageError) {
        guard record.count <= ImageLimits.maxRecordBytes else {
            throw ImageError(
                .tooLarge, "The image's record has \(record.count) bytes; the limit is \(ImageLimits.maxRecordBytes)")
        }
        guard record.starts(with: Self.magic) else {
            throw ImageError(.badRecord, "The blob is no image; `skerry images add` stores one and prints its id")
        }
        var rest = record.dropFirst(Self.magic.count)
        func take(_ count: Int, _ field: String) throws(ImageError) -> ArraySlice<UInt8> {
            guard rest.count >= count else {
                throw ImageError(.badRecord, "The image's record ends inside its \(field)")
            }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func count(_ field: String) throws(ImageError) -> Int {
            try take(4, field).reduce(0) { $0 << 8 | Int($1) }
        }
        let manifest = Array(try take(try count("manifest"), "manifest"))
        let config = Array(try take(try count("config"), "config"))
        let layerCount = try count("layers")
        guard rest.count == layerCount * Digest.byteCount else {
            throw ImageError(
                .badRecord, "The image's record has \(rest.count) bytes for \(layerCount) layers' blobs, not 32 each")
        }
        var blobs: [BlobID] = []
        for _ in 0..<layerCount {
            guard let digest = Digest(try take(Digest.byteCount, "layers")) else {
                throw ImageError(.badRecord, "The image's record ends inside its layers")
            }
            blobs.append(BlobID(digest))
        }
        try self.init(manifest: manifest, config: config, blobs: blobs)
    }

    /// The image's one form in bytes: magic, then manifest and config, each behind its length, then the number of
    /// layers and the digests of their blobs. Numbers have four bytes, the most significant first.
    public var record: [UInt8] {
        var bytes = Self.magic
        func append(_ count: Int) {
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(manifestBytes.count)
        bytes += manifestBytes
        append(configBytes.count)
        bytes += configBytes
        append(layers.count)
        for layer in layers { bytes += layer.blob.digest.bytes }
        return bytes
    }

    /// The id of the record as a blob: what a machine manifest names.
    public var blob: BlobID { BlobID(Blake3.hash(record)) }

    /// Everything that must be here to run it: the layers' blobs, each once, lowest first.
    public var layerBlobs: [BlobID] {
        var seen: Set<BlobID> = []
        return layers.map(\.blob).filter { seen.insert($0).inserted }
    }

    /// Bytes of all layers as they are transferred, each blob once.
    public var byteCount: Int {
        var seen: Set<BlobID> = []
        return layers.reduce(0) { seen.insert($1.blob).inserted ? $0 + $1.byteCount : $0 }
    }
}

extension StoredImage: Codable {
    /// From the record in base64.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        try self.init(record: Array(try container.decode(Data.self)))
    }

    /// As the record in base64.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Data(record))
    }
}
