/// The media types of images (OCI Image 1.1, "Media Types"; Docker Image Manifest Version 2, Schema 2).
enum ImageMediaType {
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let config = "application/vnd.oci.image.config.v1+json"
    static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    static let dockerConfig = "application/vnd.docker.container.image.v1+json"
    static let layerTar = "application/vnd.oci.image.layer.v1.tar"

    /// What a registry is told that we take.
    static let manifests = [manifest, dockerManifest, index, dockerList]

    static func isIndex(_ type: String) -> Bool { type == index || type == dockerList }

    static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }

    static func isConfig(_ type: String) -> Bool { type == config || type == dockerConfig }

    /// Layers that must come from their makers (OCI: "non-distributable", Docker: "foreign").
    static func isForeign(_ type: String) -> Bool {
        type.contains(".nondistributable.") || type.contains(".foreign.")
    }
}

/// How a layer's tar is packed.
public enum LayerCompression: String, Sendable, Hashable, Codable {
    /// The tar itself.
    case none
    /// RFC 1952; several members may follow each other.
    case gzip
    /// RFC 8878; several frames may follow each other.
    case zstd

    /// Nil for a media type that is none of a layer.
    init?(mediaType: String) {
        switch mediaType {
        case ImageMediaType.layerTar, "application/vnd.docker.image.rootfs.diff.tar": self = .none
        case "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip":
            self = .gzip
        case "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd":
            self = .zstd
        default: return nil
        }
    }

    /// What the first bytes of a file say; nil for neither tar nor a known compression.
    ///
    /// - Parameter bytes: At least 512, if the file has so many.
    static func sniff(_ bytes: [UInt8]) -> LayerCompression? {
        if bytes.starts(with: [0x1f, 0x8b]) { return .gzip }
        if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return .zstd }
        return bytes.count >= 512 ? LayerCompression.none : nil
    }
}
