/// A list of images, by platform or by name (OCI Image 1.1, "Image Index"; Docker's manifest list).
struct ImageIndex: Sendable {
    let manifests: [ImageDescriptor]

    private struct Raw: Decodable {
        var schemaVersion: Int
        var mediaType: String?
        var manifests: [ImageDescriptor.Raw]
    }

    /// - Parameter name: What it is, for messages.
    init(_ bytes: [UInt8], name: String) throws(ImageError) {
        let raw = try ImageDocument.decode(Raw.self, bytes, name: name, limit: ImageLimits.maxManifestBytes)
        guard raw.schemaVersion == 2 else {
            throw ImageError(.badDocument, "The \(name) has schemaVersion \(raw.schemaVersion); only 2 is known")
        }
        if let type = raw.mediaType, !ImageMediaType.isIndex(type) {
            throw ImageError(.unknownMediaType, "The \(name) calls itself \(type.prefix(100)), which is no index")
        }
        guard raw.manifests.count <= ImageLimits.maxIndexEntries else {
            throw ImageError(
                .tooLarge,
                "The \(name) lists \(raw.manifests.count) manifests; the limit is \(ImageLimits.maxIndexEntries)")
        }
        var manifests: [ImageDescriptor] = []
        for (index, entry) in raw.manifests.enumerated() {
            manifests.append(
                try ImageDescriptor(
                    entry, at: "The \(name)'s manifests[\(index)]", limit: ImageLimits.maxManifestBytes))
        }
        self.manifests = manifests
    }

    /// The image or list of images that is meant.
    ///
    /// - Parameters:
    ///   - tag: Only entries with this name; nil for all.
    ///   - name: What this index is, for messages.
    /// - Throws: ``ImageError`` `.noPlatform` when there is none, or several.
    func choose(_ platform: ImagePlatform, tag: String?, name: String) throws(ImageError) -> ImageDescriptor {
        let known = manifests.filter {
            ImageMediaType.isManifest($0.mediaType) || ImageMediaType.isIndex($0.mediaType)
        }
        let named = tag.map { tag in known.filter { $0.referenceName == tag } } ?? known
        if let tag, named.isEmpty {
            let names = Set(known.compactMap(\.referenceName)).sorted().prefix(20).joined(separator: ", ")
            throw ImageError(
                .noPlatform, "The \(name) has no image \"\(tag)\"; it has \(names.isEmpty ? "no names" : names)")
        }
        let fitting = named.filter { entry in
            entry.platform.map {
                platform.matches(os: $0.os, architecture: $0.architecture, variant: $0.variant)
            } ?? false
        }
        // Without a platform the config decides.
        let open = named.filter { $0.platform == nil }
        let candidates = fitting.isEmpty ? open : fitting
        let different = Set(candidates.map(\.digest))
        guard let first = candidates.first else {
            let others = named.compactMap { $0.platform.map { "\($0.os)/\($0.architecture)" } }
            let list = Set(others).sorted().prefix(20).joined(separator: ", ")
            throw ImageError(
                .noPlatform,
                "The \(name) has no image for \(platform); it has \(list.isEmpty ? "none at all" : list)")
        }
        guard different.count == 1 else {
            let names = candidates.map { $0.referenceName ?? $0.digest.description }.prefix(20).joined(separator: ", ")
            throw ImageError(
                .noPlatform, "The \(name) has \(different.count) images for \(platform); name one of \(names)")
        }
        return first
    }
}
