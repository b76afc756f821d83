import Crypto
import NIOCore
import NIOPosix

/// The form of `docker save` and `podman save --format docker-archive` (Docker Image Specification v1.2, "Combined Image
/// JSON + Filesystem Changeset Format").
///
/// It has no manifest with digests, so one is made here: the same image always gets the same.
struct DockerArchiveSource: ImageSource {
    private let manifest: [UInt8]
    private let config: [UInt8]
    private let layers: [ImageDigest: FileRegion]
    private let name: String
    private let threads: NIOThreadPool

    private struct Entry: Decodable {
        var config: String
        var repoTags: [String]?
        var layers: [String]

        enum CodingKeys: String, CodingKey {
            case config = "Config"
            case repoTags = "RepoTags"
            case layers = "Layers"
        }
    }

    /// Hashes all layers; blocks.
    ///
    /// - Parameter tag: Which image of several: a full name, or the part behind the colon.
    init(_ archive: ImageArchive, tag: String?, threads: NIOThreadPool) throws {
        name = archive.name
        self.threads = threads
        guard let list = archive.region("manifest.json") else {
            throw ImageError(
                .notFound,
                "\(archive.name) has no manifest.json; write it with docker save, podman save or tools/pack-image")
        }
        let entries = try ImageDocument.decode(
            [Entry].self, try list.bytes(limit: ImageLimits.maxManifestBytes, "file manifest.json"),
            name: "file manifest.json", limit: ImageLimits.maxManifestBytes)
        let entry = try DockerArchiveSource.choose(entries, tag, archive.name)
        func region(_ path: String) throws -> FileRegion {
            guard let region = archive.region(path) else {
                throw ImageError(
                    .notFound, "\(archive.name) lacks \(path.prefix(200)), which its manifest.json names; save it again"
                )
            }
            return region
        }
        config = try region(entry.config).bytes(limit: ImageLimits.maxConfigBytes, "image's config")
        guard (1...ImageLimits.maxLayers).contains(entry.layers.count) else {
            throw ImageError(
                entry.layers.isEmpty ? .badDocument : .tooManyLayers,
                "The image has \(entry.layers.count) layers; 1 to \(ImageLimits.maxLayers) are taken")
        }
        var descriptors: [ImageDescriptor] = []
        var layers: [ImageDigest: FileRegion] = [:]
        var known: [String: ImageDescriptor] = [:]
        for path in entry.layers {
            let region = try region(path)
            let descriptor = try known[path] ?? DockerArchiveSource.describe(region, path)
            known[path] = descriptor
            layers[descriptor.digest] = region
            descriptors.append(descriptor)
        }
        self.layers = layers
        manifest = ImageManifest.encode(
            config: ImageDescriptor(
                mediaType: ImageMediaType.config, digest: ImageDigest(hashing: config), size: config.count),
            layers: descriptors)
    }

    private static func choose(_ entries: [Entry], _ tag: String?, _ name: String) throws(ImageError) -> Entry {
        let fitting =
            tag.map { tag in
                entries.filter { ($0.repoTags ?? []).contains { $0 == tag || $0.hasSuffix(":" + tag) } }
            } ?? entries
        let tags = entries.flatMap { $0.repoTags ?? [] }.prefix(20).joined(separator: ", ")
        guard let first = fitting.first else {
            throw ImageError(
                .noPlatform, tag.map { "\(name) has no image \"\($0)\"; it has \(tags)" } ?? "\(name) has no image")
        }
        guard fitting.count == 1 else {
            throw ImageError(.noPlatform, "\(name) has \(fitting.count) images; name one of \(tags)")
        }
        return first
    }

    private static func describe(_ region: FileRegion, _ path: String) throws -> ImageDescriptor {
        guard region.byteCount <= ImageLimits.maxLayerBytes else {
            throw ImageError(
                .tooLarge,
                "The layer \(path) has \(region.byteCount) bytes; the limit is \(ImageLimits.maxLayerBytes)")
        }
        var hasher = SHA256()
        var position = 0
        var head: [UInt8] = []
        while position < region.byteCount {
            let count = min(FileRegion.partBytes, region.byteCount - position)
            let bytes = try region.file.read(at: region.offset + position, upTo: count)
            guard bytes.readableBytes == count else { throw ImageError(.truncated, "\(region.file.name) is cut off") }
            if position == 0 { head = Array(bytes.readableBytesView.prefix(TarHeader.byteCount)) }
            bytes.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
            position += count
        }
        let suffix =
            switch LayerCompression.sniff(head) {
            case .gzip: "+gzip"
            case .zstd: "+zstd"
            case .none?, nil: ""
            }
        return ImageDescriptor(
            mediaType: ImageMediaType.layerTar + suffix, digest: ImageDigest(hasher.finalize()), size: region.byteCount)
    }

    var isLocal: Bool { true }

    func root() async throws -> ImageRoot {
        ImageRoot(bytes: manifest, mediaType: ImageMediaType.manifest, name: "manifest of \(name)")
    }

    func document(_ descriptor: ImageDescriptor, name: String) async throws -> [UInt8] {
        try descriptor.check(config, name: name)
        return config
    }

    func layer(_ descriptor: ImageDescriptor) async throws -> ImageParts {
        guard let region = layers[descriptor.digest] else {
            throw ImageError(.notFound, "\(name) lacks the layer \(descriptor.digest)")
        }
        return region.parts(threads)
    }
}
