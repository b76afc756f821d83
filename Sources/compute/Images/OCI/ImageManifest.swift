import Foundation

/// What an image consists of (OCI Image 1.1, "Image Manifest"; Docker Image Manifest Version 2, Schema 2).
struct ImageManifest: Sendable {
    let config: ImageDescriptor
    /// Lowest first; at least one.
    let layers: [ImageDescriptor]

    private struct Raw: Decodable {
        var schemaVersion: Int
        var mediaType: String?
        var config: ImageDescriptor.Raw
        var layers: [ImageDescriptor.Raw]
    }

    /// - Parameter name: What it is, for messages.
    init(_ bytes: [UInt8], name: String) throws(ImageError) {
        let raw = try ImageDocument.decode(Raw.self, bytes, name: name, limit: ImageLimits.maxManifestBytes)
        guard raw.schemaVersion == 2 else {
            throw ImageError(
                .badDocument,
                "The \(name) has schemaVersion \(raw.schemaVersion); only 2 is known, build the image anew")
        }
        if let type = raw.mediaType, !ImageMediaType.isManifest(type) {
            throw ImageError(
                .unknownMediaType, "The \(name) calls itself \(type.prefix(100)), which is no manifest of an image")
        }
        config = try ImageDescriptor(raw.config, at: "The \(name)'s config", limit: ImageLimits.maxConfigBytes)
        guard ImageMediaType.isConfig(config.mediaType) else {
            throw ImageError(
                .unknownMediaType,
                "The \(name)'s config is \(config.mediaType), not that of a container image; this is something else")
        }
        guard !raw.layers.isEmpty else { throw ImageError(.badDocument, "The \(name) has no layers") }
        guard raw.layers.count <= ImageLimits.maxLayers else {
            throw ImageError(
                .tooManyLayers,
                "The \(name) has \(raw.layers.count) layers; the limit is \(ImageLimits.maxLayers), merge some")
        }
        var layers: [ImageDescriptor] = []
        var total = 0
        for (index, entry) in raw.layers.enumerated() {
            let layer = try ImageDescriptor(
                entry, at: "The \(name)'s layers[\(index)]", limit: ImageLimits.maxLayerBytes)
            try ImageManifest.checkType(layer, "The \(name)'s layers[\(index)]")
            total += layer.size
            layers.append(layer)
        }
        guard total <= ImageLimits.maxImageBytes else {
            throw ImageError(
                .tooLarge, "The \(name)'s layers have \(total) bytes; the limit is \(ImageLimits.maxImageBytes)")
        }
        self.layers = layers
    }

    private static func checkType(_ layer: ImageDescriptor, _ place: String) throws(ImageError) {
        if LayerCompression(mediaType: layer.mediaType) != nil { return }
        if ImageMediaType.isForeign(layer.mediaType) {
            throw ImageError(
                .unknownMediaType,
                "\(place) is \(layer.mediaType), which only its maker may hand out; it cannot be stored")
        }
        throw ImageError(
            .unknownMediaType, "\(place) is \(layer.mediaType); layers are tar, tar+gzip or tar+zstd")
    }

    /// The one manifest of an image that came without: sorted keys, no spaces.
    static func encode(config: ImageDescriptor, layers: [ImageDescriptor]) -> [UInt8] {
        func json(_ descriptor: ImageDescriptor) -> String {
            #"{"digest":"\#(descriptor.digest)","mediaType":"\#(descriptor.mediaType)","size":\#(descriptor.size)}"#
        }
        let list = layers.map(json).joined(separator: ",")
        return Array(
            (#"{"config":\#(json(config)),"layers":[\#(list)],"mediaType":"\#(ImageMediaType.manifest)","#
                + #""schemaVersion":2}"#).utf8)
    }
}
