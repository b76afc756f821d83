import NIOPosix

/// An OCI image layout (OCI Image 1.1, "Image Layout"): a folder, or a tar of one.
struct LayoutSource: ImageSource {
    /// Finds a file of the layout; nil if there is none.
    typealias Find = @Sendable (_ path: String) throws -> FileRegion?

    private let find: Find
    private let threads: NIOThreadPool
    private let name: String

    /// - Parameter name: The folder's or archive's path, for messages.
    init(name: String, threads: NIOThreadPool, find: @escaping Find) {
        self.name = name
        self.threads = threads
        self.find = find
    }

    /// A layout in a folder.
    init(folder: String, threads: NIOThreadPool) {
        self.init(name: folder, threads: threads) { path in
            do {
                let file = try ReadableFile(path: folder + "/" + path)
                return FileRegion(file: file, offset: 0, byteCount: file.byteCount)
            } catch let error as ImageError where error.code == .notFound {
                return nil
            }
        }
    }

    var isLocal: Bool { true }

    private struct Marker: Decodable {
        var imageLayoutVersion: String
    }

    func root() async throws -> ImageRoot {
        let source = self
        return try await threads.runIfActive {
            let marker = try source.read("oci-layout", limit: ImageLimits.maxManifestBytes)
            let version = try ImageDocument.decode(
                Marker.self, marker, name: "file oci-layout", limit: ImageLimits.maxManifestBytes)
            guard version.imageLayoutVersion.hasPrefix("1.") else {
                throw ImageError(
                    .badDocument,
                    "\(source.name) has the layout version \(version.imageLayoutVersion.prefix(20)); only 1 is known")
            }
            let bytes = try source.read("index.json", limit: ImageLimits.maxManifestBytes)
            return ImageRoot(bytes: bytes, mediaType: ImageMediaType.index, name: "index of \(source.name)")
        }
    }

    func document(_ descriptor: ImageDescriptor, name: String) async throws -> [UInt8] {
        let source = self
        return try await threads.runIfActive {
            let bytes = try source.region(descriptor).bytes(
                limit: max(ImageLimits.maxManifestBytes, ImageLimits.maxConfigBytes), name)
            try descriptor.check(bytes, name: name)
            return bytes
        }
    }

    func layer(_ descriptor: ImageDescriptor) async throws -> ImageParts {
        let source = self
        return try await threads.runIfActive { try source.region(descriptor) }.parts(threads)
    }

    private func region(_ descriptor: ImageDescriptor) throws -> FileRegion {
        guard let region = try find("blobs/sha256/\(descriptor.digest.hex)") else {
            throw ImageError(
                .notFound, "\(name) lacks the blob \(descriptor.digest), which it names; export the image again")
        }
        return region
    }

    private func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let region = try find(path) else {
            throw ImageError(
                .notFound, "\(name) has no \(path), so it is no image layout; give a layout, an archive or a reference")
        }
        return try region.bytes(limit: limit, "file \(path)")
    }
}
