import BlobStore
import ControlModel
import Exchange
import Identity
import Images
import NIOCore

/// The images that were added on this node: records in the store, pinned, with references to their layers.
///
/// There is no list beside the store's own pins, which could come to differ from it. An image's pin belongs to
/// `image:<blob>/<name>`, so that a node knows all of them, and what people call them, from the store alone.
struct NodeImages: Sendable {
    let store: BlobStore
    let exchange: Exchange

    /// Layers that are fetched at once.
    private static let parallelFetches = 4
    private static let prefix = "image:"

    /// An image and the pins that keep it.
    private struct Kept {
        var blob: BlobID
        var image: StoredImage
        var owners: [PinOwner]
        var names: [String]
        var addedMilliseconds: Int64
    }

    /// - Throws: `ImageError` for a blob that is no image; `ControlFailure`, `ExchangeError`, `BlobStoreError`.
    func add(_ blob: BlobID, name: String) async throws -> ImageInfo {
        guard let owner = PinOwner("\(Self.prefix)\(blob)/\(name)") else {
            throw ControlFailure(
                status: 400, code: "control/bad-name", message: "An image's name has no control characters")
        }
        guard try owners().count < ImageList.maxCount else {
            throw ControlFailure(
                status: 507, code: "image/too-many",
                message:
                    "This node keeps \(ImageList.maxCount) images already; `skerry images prune` removes unused ones")
        }
        try await exchange.fetchWhole(blob, limit: ImageLimits.maxRecordBytes)
        let image = try await read(blob)
        do {
            // Pinned first: what arrives must not be evicted before the last layer is here.
            try await store.pin([blob], by: owner)
            try await store.setReferences(of: blob, to: image.layerBlobs)
            try await fetch(image)
        } catch {
            _ = try? await store.unpin([blob], by: owner)
            throw error
        }
        guard let info = try await list().images.first(where: { $0.blob == blob.description }) else {
            throw ImageError(.notFound, "The image \(image.id) went away while it was being added; try again")
        }
        return info
    }

    private func fetch(_ image: StoredImage) async throws {
        let missing = try store.missing(from: image.layerBlobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in missing.enumerated() {
                if index >= Self.parallelFetches { try await group.next() }
                group.addTask { try await exchange.fetchWhole(blob) }
            }
            try await group.waitForAll()
        }
        for layer in image.layers {
            guard let stat = try store.stat(layer.blob), stat.byteCount == layer.byteCount else {
                throw ImageError(.wrongSize, "The blob of layer \(layer.digest) has another size than the image says")
            }
        }
    }

    func list() async throws -> ImageList {
        let kept = try await kept()
        var users: [ImageDigest: Int] = [:]
        for entry in kept { for digest in Set(entry.image.layers.map(\.digest)) { users[digest, default: 0] += 1 } }
        let infos = try kept.map { entry in
            info(entry, users, isNeeded: try isNeeded(entry))
        }
        return ImageList(images: infos.sorted { ($1.addedMilliseconds, $1.blob) < ($0.addedMilliseconds, $0.blob) })
    }

    func prune(isDryRun: Bool) async throws -> ImagePruneReport {
        let kept = try await kept()
        let infos = try await list().images
        var removed: [ImageInfo] = []
        var stays: Set<BlobID> = []
        var goes: [BlobID: Int] = [:]
        for entry in kept {
            if try isNeeded(entry) {
                stays.formUnion(entry.image.layerBlobs)
                continue
            }
            if !isDryRun { for owner in entry.owners { _ = try await store.unpinAll(by: owner) } }
            for layer in entry.image.layers { goes[layer.blob] = layer.byteCount }
            removed += infos.filter { $0.blob == entry.blob.description }
        }
        // A release may still need a layer that only pruned images had of all that were added.
        let freed = try goes.reduce(0) { sum, layer in
            let isShared = stays.contains(layer.key)
            return try isShared || (!isDryRun && store.isProtected(layer.key)) ? sum : sum + layer.value
        }
        return ImagePruneReport(removed: removed, freedBytes: freed, kept: kept.count - removed.count)
    }

    // MARK: Reading

    /// Whether a release or somebody's pin keeps the image, beside its being here.
    private func isNeeded(_ entry: Kept) throws -> Bool {
        let others = try store.pins(of: entry.blob).contains { !$0.description.hasPrefix(Self.prefix) }
        return try others || store.hasPinnedParents(entry.blob)
    }

    private func owners() throws -> [PinOwner] {
        var owners: [PinOwner] = []
        for owner in try store.pinOwners(after: PinOwner(Self.prefix), limit: ImageList.maxCount + 1) {
            guard owner.description.hasPrefix(Self.prefix) else { break }
            owners.append(owner)
        }
        return owners
    }

    /// What is pinned as an image; one whose record was lost to a damaged disk is left out until it is repaired.
    private func kept() async throws -> [Kept] {
        var found: [BlobID: Kept] = [:]
        for owner in try owners() {
            let text = owner.description.dropFirst(Self.prefix.count)
            guard let slash = text.firstIndex(of: "/"), let blob = BlobID(String(text[..<slash])) else { continue }
            let name = String(text[text.index(after: slash)...])
            if found[blob] == nil {
                guard let stat = try store.stat(blob), let image = try? await read(blob) else { continue }
                found[blob] = Kept(
                    blob: blob, image: image, owners: [], names: [], addedMilliseconds: stat.createdAtMilliseconds)
            }
            found[blob]?.owners.append(owner)
            if !name.isEmpty { found[blob]?.names.append(name) }
        }
        return Array(found.values)
    }

    private func read(_ blob: BlobID) async throws -> StoredImage {
        let bytes = try await store.readAll(blob, limit: ImageLimits.maxRecordBytes)
        return try StoredImage(record: Array(bytes.readableBytesView))
    }

    private func info(_ entry: Kept, _ users: [ImageDigest: Int], isNeeded: Bool) -> ImageInfo {
        let (image, config) = (entry.image, entry.image.config)
        return ImageInfo(
            id: image.id.description, blob: entry.blob.description, names: entry.names,
            platform: config.platform.description, byteCount: image.byteCount,
            addedMilliseconds: entry.addedMilliseconds, isNeeded: isNeeded,
            layers: image.layers.map { layer in
                ImageInfo.Layer(
                    digest: layer.digest.description, diffID: layer.diffID.description,
                    blob: layer.blob.description, mediaType: layer.mediaType, byteCount: layer.byteCount,
                    images: users[layer.digest] ?? 1)
            },
            entrypoint: config.entrypoint, command: config.command, environment: config.environment,
            workingDirectory: config.workingDirectory, user: config.user,
            ports: config.exposedPorts.map { "\($0.number)/\($0.transport)" }, volumes: config.volumes,
            stopSignal: config.stopSignal, labels: config.labels)
    }
}
