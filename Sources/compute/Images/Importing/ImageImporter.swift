import Blake3
import Identity
import NIOCore
public import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Brings images into a node's store: layer by layer, each checked as a whole before a byte of it is stored.
public struct ImageImporter: Sendable {
    /// Where an image is read from.
    public enum Origin: Sendable, Hashable {
        /// A folder with an OCI image layout.
        case layout(String)
        /// A file of `docker save` or `podman save`: an OCI layout or Docker's own form, plain or compressed.
        case archive(String)
        /// An image in a registry.
        case registry(ImageReference)
    }

    /// What an import takes and where it works.
    public struct Settings: Sendable {
        /// The platform whose image is taken. Default: this machine's.
        public var platform = ImagePlatform.current
        /// The name of one of several images in a layout or archive. Default: there must be one only.
        public var tag: String?
        /// What a layer may unpack to.
        public var limits = LayerLimits()
        /// Where downloads and compressed archives are kept while they are read. Default `/tmp`.
        public var temporaryFolder = "/tmp"
        /// Layers of a registry that are fetched at a time. Default 3, as other clients do.
        public var parallelLayers = 3
        /// How registries are reached.
        public var registry = RegistrySettings()

        /// The defaults.
        public init() {}
    }

    /// How far an import is.
    public struct Progress: Sendable, Hashable {
        /// Bytes of layers that were read and checked.
        public var readBytes: Int
        /// Bytes of all layers.
        public var totalBytes: Int
        /// Bytes that were sent to the store.
        public var storedBytes: Int
    }

    /// What an import did.
    public struct Report: Sendable {
        /// A layer of it.
        public struct Layer: Sendable {
            public var layer: StoredLayer
            /// Whether the store had it already.
            public var wasShared: Bool
        }

        public var image: StoredImage
        /// Lowest first.
        public var layers: [Layer]
        /// Bytes of layers that were sent to the store.
        public var storedBytes: Int
    }

    private let destination: any ImageDestination
    private let settings: Settings
    private let threads: NIOThreadPool

    /// - Parameter threads: For reading and checking; running.
    public init(
        _ destination: any ImageDestination, settings: Settings = Settings(), threads: NIOThreadPool = .singleton
    ) {
        self.destination = destination
        self.settings = settings
        self.threads = threads
    }

    /// Imports an image; its layers and its record are durable in the store on return.
    ///
    /// - Parameters:
    ///   - known: Layers that the store has, by digest; those need not be read from a registry again.
    ///   - progress: Called now and then, from several tasks.
    /// - Throws: ``ImageError``, and what the destination throws. What was stored until then are whole layers, which
    ///   nothing needs.
    public func run(
        _ origin: Origin, known: [ImageDigest: StoredLayer] = [:],
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> Report {
        switch origin {
        case .layout(let path):
            return try await run(LayoutSource(folder: path, threads: threads), known, progress)
        case .archive(let path):
            let (settings, threads) = (settings, threads)
            let source = try await threads.runIfActive {
                try ImageArchive(path: path, folder: settings.temporaryFolder)
                    .source(tag: settings.tag, threads: threads)
            }
            return try await run(source, known, progress)
        case .registry(let reference):
            let client = try RegistryClient(reference, settings: settings.registry)
            do {
                let report = try await run(RegistrySource(client), known, progress)
                await client.close()
                return report
            } catch {
                await client.close()
                throw error
            }
        }
    }

    func run(
        _ source: some ImageSource, _ known: [ImageDigest: StoredLayer],
        _ progress: @escaping @Sendable (Progress) -> Void
    ) async throws -> Report {
        let (manifestBytes, name) = try await manifest(source)
        let manifest = try ImageManifest(manifestBytes, name: name)
        let configBytes = try await source.document(manifest.config, name: "image's config")
        let config = try ImageConfig(configBytes)
        guard config.platform == settings.platform else {
            throw ImageError(
                .noPlatform,
                "The image is for \(config.platform), not \(settings.platform); ask for --platform \(config.platform)")
        }
        guard config.diffIDs.count == manifest.layers.count else {
            throw ImageError(
                .badDocument,
                "The \(name) has \(manifest.layers.count) layers and its config \(config.diffIDs.count)")
        }
        let tally = ImportTally(totalBytes: manifest.layers.reduce(0) { $0 + $1.size }, progress)
        let found = try await layers(manifest, config, source, known, tally)
        let image = try StoredImage(
            manifest: manifestBytes, config: configBytes, blobs: found.map(\.layer.blob))
        let record = image.record
        if try await !destination.missing([image.blob]).isEmpty {
            try await destination.store(
                image.blob, byteCount: record.count, ImageParts(ByteBuffer(bytes: record)))
        }
        return Report(image: image, layers: found, storedBytes: tally.storedBytes)
    }

    /// The manifest's bytes and what to call it.
    private func manifest(_ source: some ImageSource) async throws -> ([UInt8], String) {
        var root = try await source.root()
        var tag = settings.tag
        for _ in 0...ImageLimits.maxIndexDepth {
            if ImageMediaType.isManifest(root.mediaType) { return (root.bytes, root.name) }
            guard ImageMediaType.isIndex(root.mediaType) else {
                throw ImageError(
                    .unknownMediaType,
                    "The \(root.name) is \(root.mediaType.prefix(100)), which is neither an image nor a list of images")
            }
            let index = try ImageIndex(root.bytes, name: root.name)
            let chosen = try index.choose(settings.platform, tag: tag, name: root.name)
            // Names are those of the outermost index.
            tag = nil
            let name = (ImageMediaType.isIndex(chosen.mediaType) ? "index " : "manifest ") + chosen.digest.description
            let bytes = try await source.document(chosen, name: name)
            root = ImageRoot(bytes: bytes, mediaType: chosen.mediaType, name: name)
        }
        throw ImageError(.badDocument, "The image's indexes are more than \(ImageLimits.maxIndexDepth) deep")
    }

    // MARK: Layers

    private func layers(
        _ manifest: ImageManifest, _ config: ImageConfig, _ source: some ImageSource,
        _ known: [ImageDigest: StoredLayer], _ tally: ImportTally
    ) async throws -> [Report.Layer] {
        let width = source.isLocal ? 1 : max(1, settings.parallelLayers)
        return try await withThrowingTaskGroup(of: (Int, Report.Layer).self) { group in
            var done: [Int: Report.Layer] = [:]
            var started: Set<ImageDigest> = []
            func take() async throws {
                if let (index, layer) = try await group.next() { done[index] = layer }
            }
            var running = 0
            for (index, descriptor) in manifest.layers.enumerated() where started.insert(descriptor.digest).inserted {
                if running >= width {
                    try await take()
                    running -= 1
                }
                running += 1
                let diffID = config.diffIDs[index]
                group.addTask {
                    (index, try await self.layer(descriptor, diffID, source, known[descriptor.digest], tally))
                }
            }
            while running > 0 {
                try await take()
                running -= 1
            }
            // One that occurs twice was read once.
            let byDigest = Dictionary(done.values.map { ($0.layer.digest, $0) }, uniquingKeysWith: { $1 })
            return try manifest.layers.indices.map { index in
                guard let layer = byDigest[manifest.layers[index].digest], layer.layer.diffID == config.diffIDs[index]
                else {
                    throw ImageError(
                        .wrongDiffID, "The layer \(manifest.layers[index].digest) occurs twice with different contents")
                }
                return layer
            }
        }
    }

    private func layer(
        _ descriptor: ImageDescriptor, _ diffID: ImageDigest, _ source: some ImageSource, _ known: StoredLayer?,
        _ tally: ImportTally
    ) async throws -> Report.Layer {
        if let known, known.diffID == diffID, known.byteCount == descriptor.size, !source.isLocal,
            try await destination.missing([known.blob]).isEmpty
        {
            tally.read(descriptor.size)
            var layer = known
            layer.mediaType = descriptor.mediaType
            return Report.Layer(layer: layer, wasShared: true)
        }
        do {
            let spool = source.isLocal ? nil : try await makeSpool(descriptor)
            let finding = try await inspect(descriptor, diffID, source, spool, tally)
            let isMissing = try await !destination.missing([finding.blob]).isEmpty
            if isMissing {
                let parts: ImageParts
                if let spool { parts = spool.region.parts(threads) } else { parts = try await source.layer(descriptor) }
                try await destination.store(finding.blob, byteCount: descriptor.size, parts)
                tally.stored(descriptor.size)
            }
            let layer = StoredLayer(
                blob: finding.blob, digest: descriptor.digest, diffID: diffID, mediaType: descriptor.mediaType,
                byteCount: descriptor.size)
            return Report.Layer(layer: layer, wasShared: !isMissing)
        } catch let error as ImageError {
            throw error.at("Layer \(descriptor.digest)")
        }
    }

    private func inspect(
        _ descriptor: ImageDescriptor, _ diffID: ImageDigest, _ source: some ImageSource, _ spool: LayerSpool?,
        _ tally: ImportTally
    ) async throws -> LayerInspection.Finding {
        let inspection = try LayerInspection(descriptor, diffID: diffID, limits: settings.limits)
        var count = 0
        for try await part in try await source.layer(descriptor) {
            try Task.checkCancellation()
            count += part.readableBytes
            guard count <= descriptor.size else {
                throw ImageError(.wrongSize, "More than the \(descriptor.size) bytes come that the manifest says")
            }
            try await threads.runIfActive {
                try inspection.feed(part)
                try spool?.write(part)
            }
            tally.read(part.readableBytes)
        }
        return try await threads.runIfActive { try inspection.finish() }
    }

    private func makeSpool(_ descriptor: ImageDescriptor) async throws -> LayerSpool {
        let folder = settings.temporaryFolder
        return try await threads.runIfActive { try LayerSpool(folder: folder, byteCount: descriptor.size) }
    }
}
