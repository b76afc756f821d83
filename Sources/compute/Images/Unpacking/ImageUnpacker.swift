import Crypto
import Files
public import Logging
import NIOCore
public import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Stored images → folders for overlay mounts, through a cache of unpacked layers.
///
/// A layer is unpacked once, whichever images have it. It is checked while that happens: the digest of what came, and
/// of the tar in it. An unpacked layer appears whole or not at all, also when the process is killed, and stays until the
/// room is needed and no holder needs it.
public actor ImageUnpacker {
    /// Longest name of a holder, in bytes.
    public static let maxHolderBytes = 150

    /// How deleted names are written on this host.
    public nonisolated let form: UnpackedImage.Form

    private let folder: UnpackFolder
    private let blobs: any ImageBlobs
    private let settings: UnpackSettings
    private let ownership: LayerFolder.Ownership
    private let threads: NIOThreadPool
    private let logger: Logger
    private var index: UnpackCacheIndex
    /// Entries below which no other is mounted.
    private var hidingAllBelow: Set<String>

    /// An entry that is being made.
    private struct Flight {
        /// No other one's.
        var number: Int
        var task: Task<Void, any Error>
        var waiters: Int
        var isCancelled = false
    }

    private var flights: [String: Flight] = [:]
    private var lastFlight = 0
    private var running = 0
    private var queue: [CheckedContinuation<Void, Never>] = []

    /// Opens the cache, with what is in it; clears away what was interrupted. Blocks while it looks through the folder.
    ///
    /// - Parameters:
    ///   - path: A folder of its own, made if there is none; its parent must exist. On the file system for the machines'
    ///     own layers, if those are to be on the same disk.
    ///   - threads: For files and unpacking; running, and as many threads as layers should be unpacked at a time.
    /// - Throws: ``ImageError`` `.folderUnusable`, `.ioFailed`, `.diskFull`.
    public init(
        path: String, blobs: any ImageBlobs, settings: UnpackSettings = UnpackSettings(),
        threads: NIOThreadPool = .singleton, logger: Logger
    ) throws {
        let folder = try UnpackFolder(path)
        let form = settings.form ?? folder.probe()
        self.folder = folder
        self.form = form
        self.blobs = blobs
        self.settings = settings
        self.threads = threads
        self.logger = logger
        let ownership: LayerFolder.Ownership =
            switch settings.ownership {
            case .asInImage: geteuid() == 0 ? .shifted(by: 0) : .own
            case .shifted(let base): .shifted(by: base)
            case .own: .own
            }
        self.ownership = ownership
        var index = UnpackCacheIndex(limitBytes: settings.limitBytes)
        let found = try folder.entries(form: form, ownership: "\(ownership)")
        index.restore(found.map { ($0.key, $0.info.bytes) })
        hidingAllBelow = Set(found.filter { $0.info.hidden.hidesAllBelow }.map(\.key))
        for (holder, keys) in try folder.holders() { index.hold(keys, for: holder) }
        self.index = index
    }

    // MARK: Unpacking

    /// Unpacks an image, or finds it unpacked. Its layers are fetched and unpacked several at a time.
    ///
    /// - Parameters:
    ///   - holder: Who needs the folders, such as a machine's id: letters, digits, `.`, `_` and `-`, at most
    ///     ``maxHolderBytes``. They stay until ``release(_:)``, also when this process is killed. A holder may hold
    ///     several images; one call for a holder at a time.
    /// - Returns: Folders that are complete and on the disk.
    /// - Throws: ``ImageError`` for an image that is malformed, malicious or too large, and when there is no room; what
    ///   `blobs` throws; `CancellationError` when the task is cancelled. Then the holder holds what it held before.
    public func unpack(_ image: StoredImage, for holder: String) async throws -> UnpackedImage {
        try ImageUnpacker.check(holder)
        let before = index.holders[holder] ?? []
        let flatKey = form == .flat && image.layers.count > 1 ? ImageUnpacker.flatKey(image) : nil
        // One folder with all layers is enough: the layers themselves may be gone, and need not come again.
        let isFlattened = if let flatKey { index.use(flatKey) } else { false }
        let keys = Set((isFlattened ? [] : image.layers.map(\.diffID.hex)) + (flatKey.map { [$0] } ?? []))
        // Held before they are there: nothing of it goes while the rest arrives.
        index.hold(keys, for: holder)
        do {
            if !isFlattened { try await obtain(image.layers) }
            if let flatKey { try await obtainFlat(image, flatKey) }
            let needed = before.union(flatKey.map { [$0] } ?? keys)
            let folder = folder
            try await threads.runIfActive {
                for key in keys { folder.touch(key) }
                if needed != before { try folder.write(needed, for: holder) }
            }
            try Task.checkCancellation()
            index.setHold(needed, for: holder)
        } catch {
            index.setHold(before, for: holder)
            let folder = folder
            try? await runToTheEnd {
                if before.isEmpty { try folder.removeHolder(holder) } else { try folder.write(before, for: holder) }
            }
            throw error
        }
        return UnpackedImage(
            layers: flatKey.map { [folder.files($0)] } ?? overlay(image), config: image.config, form: form)
    }

    /// Ends what the holder needs. The folders stay until the room is needed.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`.
    public func release(_ holder: String) async throws {
        try ImageUnpacker.check(holder)
        let folder = folder
        try await threads.runIfActive { try folder.removeHolder(holder) }
        index.release(holder)
    }

    /// Who holds something, also from before the last start. Whoever knows which of them live on releases the others.
    public var holders: Set<String> { Set(index.holders.keys) }

    /// What the cache holds.
    public var usage: UnpackUsage {
        UnpackUsage(
            entries: index.entries.count, bytes: index.totalBytes, heldBytes: index.heldBytes,
            limitBytes: settings.limitBytes, form: form)
    }

    /// Removes what no holder needs, longest unused first, until at most `bytes` are left.
    ///
    /// - Returns: The number of entries that were removed.
    @discardableResult
    public func trim(to bytes: Int) async throws -> Int {
        let victims = index.trim(to: bytes)
        try await remove(victims)
        return victims.count
    }

    /// Lets another unpacker have the folder. Call it last, when nothing is being unpacked; does nothing the second time.
    public func close() { folder.unlock() }

    private static func check(_ holder: String) throws {
        let isFine = holder.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isFine, (1...maxHolderBytes).contains(holder.utf8.count), holder.first != ".", !holder.hasSuffix(".part")
        else { throw ImageError(.badName, "\"\(holder.prefix(200))\" cannot be the name of who holds an image") }
    }

    /// The folders of the layers as one overlay mount takes them.
    private func overlay(_ image: StoredImage) -> [String] {
        var keys: [String] = []
        for key in image.layers.map(\.diffID.hex) {
            // A mount takes each folder once; the upper of two equal layers hides all that the lower one brings.
            keys.removeAll { $0 == key }
            if hidingAllBelow.contains(key) { keys = [] }
            keys.append(key)
        }
        return keys.map(folder.files)
    }

    private static func flatKey(_ image: StoredImage) -> String {
        let chain = image.layers.map(\.diffID.description).joined(separator: " ")
        return "flat-" + ImageDigest(hashing: chain.utf8).hex
    }

    // MARK: Entries

    private func obtain(_ layers: [StoredLayer]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var seen: Set<ImageDigest> = []
            for layer in layers where seen.insert(layer.diffID).inserted {
                group.addTask {
                    try await self.entry(layer.diffID.hex) { try await self.unpack(layer) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func obtainFlat(_ image: StoredImage, _ key: String) async throws {
        try await entry(key) { try await self.flatten(image, key) }
    }

    /// Makes an entry if it is not there; whoever asks meanwhile waits for the same one.
    private func entry(_ key: String, _ make: @escaping @Sendable () async throws -> Void) async throws {
        while true {
            try Task.checkCancellation()
            if index.use(key) { return }
            if flights[key] == nil {
                lastFlight += 1
                flights[key] = Flight(
                    number: lastFlight,
                    task: Task {
                        defer { self.land(key) }
                        try await make()
                    }, waiters: 0)
            }
            guard let flight = flights[key] else { continue }
            if flight.isCancelled {
                // It ends soon, and the next attempt is ours.
                _ = try? await flight.task.value
                continue
            }
            flights[key]?.waiters += 1
            try await withTaskCancellationHandler {
                try await flight.task.value
            } onCancel: {
                Task { await self.leave(key, flight.number) }
            }
            return try Task.checkCancellation()
        }
    }

    private func land(_ key: String) { flights[key] = nil }

    /// One who waited does no more. By now another attempt may be under way, which others wait for.
    private func leave(_ key: String, _ number: Int) {
        guard flights[key]?.number == number else { return }
        flights[key]?.waiters -= 1
        guard let flight = flights[key], flight.waiters == 0 else { return }
        flights[key]?.isCancelled = true
        flight.task.cancel()
    }

    private func unpack(_ layer: StoredLayer) async throws {
        await takeTurn()
        defer { giveTurn() }
        try Task.checkCancellation()
        let key = layer.diffID.hex
        let start = ContinuousClock.now
        let (folder, form, ownership, limits) = (folder, form, ownership, settings.limits)
        let (work, session) = try await threads.runIfActive {
            let work = try folder.begin()
            do {
                let root = try OpenFolder.at(work + "/fs")
                return (
                    work, try LayerSession(layer, into: root, form: form, ownership: ownership, limits: limits)
                )
            } catch {
                folder.discard(work)
                throw error
            }
        }
        do {
            for try await part in try await blobs.read(layer.blob) {
                try Task.checkCancellation()
                let bytes = try await threads.runIfActive { try session.feed(part) }
                try await grow(key, to: bytes)
            }
            let (bytes, hidesAllBelow) = try await threads.runIfActive {
                let (bytes, hidden) = try session.finish()
                let info = UnpackFolder.Info(bytes: bytes, form: form, ownership: "\(ownership)", hidden: hidden)
                try folder.publish(work, as: key, info)
                return (bytes, hidden.hidesAllBelow)
            }
            index.finish(key, bytes: bytes)
            if hidesAllBelow { hidingAllBelow.insert(key) }
            logger.debug(
                "unpacked a layer",
                metadata: [
                    "layer": "\(layer.digest)", "bytes": "\(bytes)", "took": "\(ContinuousClock.now - start)",
                ])
        } catch {
            index.finish(key, bytes: nil)
            try? await runToTheEnd { folder.discard(work) }
            if let error = error as? ImageError { throw error.at("Layer \(layer.digest)") }
            throw error
        }
    }

    private func flatten(_ image: StoredImage, _ key: String) async throws {
        let (folder, form, ownership) = (folder, form, ownership)
        let bytes = try await threads.runIfActive {
            let work = try folder.begin()
            do {
                let tree = try OpenFolder.at(work + "/fs")
                var bytes = 0
                for layer in image.layers {
                    let layerKey = layer.diffID.hex
                    guard let info = folder.info(layerKey) else {
                        throw ImageError(.ioFailed, "The unpacked layer \(layer.diffID) is gone; try again")
                    }
                    bytes += UnpackFolder.linkBytes(info)
                    try FlatTree.add(try OpenFolder.at(folder.files(layerKey)), info.hidden, to: tree)
                }
                let info = UnpackFolder.Info(bytes: bytes, form: form, ownership: "\(ownership)", hidden: HiddenNames())
                try folder.publish(work, as: key, info)
                return bytes
            } catch {
                folder.discard(work)
                throw error
            }
        }
        index.finish(key, bytes: bytes)
    }

    /// Makes room for what a layer takes by now.
    private func grow(_ key: String, to bytes: Int) async throws {
        guard let victims = index.grow(key, to: bytes) else {
            throw ImageError(
                .cacheFull,
                "The unpacked images may take \(settings.limitBytes) bytes, and those in use leave no room for \(bytes) more; "
                    + "stop machines or raise the limit")
        }
        try await remove(victims)
    }

    private func remove(_ keys: [String]) async throws {
        if keys.isEmpty { return }
        let folder = folder
        // At once: while the files go, which takes longer, such an entry may be made anew, and must stay.
        let trash = try keys.compactMap { try folder.takeOut($0) }
        try await runToTheEnd { for path in trash { folder.discard(path) } }
    }

    /// For what clears away, which must happen above all when the task was cancelled: the pool drops that task's work
    /// unseen, so it gets a task of its own.
    private func runToTheEnd(_ work: @escaping @Sendable () throws -> Void) async throws {
        let threads = threads
        try await Task { try await threads.runIfActive(work) }.value
    }

    // MARK: Turns

    private func takeTurn() async {
        if running < max(1, settings.parallelLayers) {
            running += 1
        } else {
            // The turn is handed over.
            await withCheckedContinuation { queue.append($0) }
        }
    }

    private func giveTurn() {
        if queue.isEmpty { running -= 1 } else { queue.removeFirst().resume() }
    }
}
