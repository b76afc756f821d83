import Foundation
import GRDB
import Synchronization

/// Values by app, namespace and key, in one SQLite file.
///
/// `put` and `delete` are durable in this store when they return, its reads see every change that returned before, and all
/// its readers see changes in the same order. Several stores can keep copies of an app: each has the changes that another
/// lacks (``changes(of:since:writer:isWhole:)``, ``merge(_:spans:of:isMarking:)``); `docs/design/kv.md` describes it.
///
/// Memory: SQLite's page caches, and the values of changes and answers under way.
public final class KVStore: Sendable {
    private static let busyTimeoutSeconds = 10.0
    private static let readers = 4
    private static let cacheKiB = 2_048

    private let pool: DatabasePool
    private let writer: KVWriter
    let settings: KVSettings
    /// A number that the file got when it was made: one in place of a lost one has another.
    public let incarnation: Int64
    private let sweeper = Mutex<Task<Void, Never>?>(nil)

    /// Opens the store at `path`, or makes an empty one. The folder must exist.
    ///
    /// - Parameter writer: The writer of a store's changes by its ``incarnation``; nil for the one of `settings`.
    /// - Throws: ``KVError`` `.unusable` if the file is no store, or one of another version.
    public init(
        path: String, settings: KVSettings = KVSettings(), writer writerOf: ((_ incarnation: Int64) -> Int64)? = nil
    ) throws {
        var settings = settings
        do {
            var configuration = Configuration()
            configuration.label = "kv"
            configuration.maximumReaderCount = Self.readers
            configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)") }
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try KVSchema.setDurability($0, path) }
            try pool.write { try KVSchema.prepare($0, path) }
            // A pool's reader is closed behind the writer, and leaves the files beside this one: with them it opens on a full
            // disk too.
            incarnation = try pool.read { try KVSchema.incarnation($0) }
        } catch {
            throw KVError.database(error)
        }
        if let writerOf { settings.writer = writerOf(incarnation) }
        self.settings = settings
        writer = KVWriter(pool, settings: settings)
        let interval = settings.sweepInterval
        let task = Task { [weak self] in
            while (try? await Task.sleep(for: interval)) != nil {
                guard let self else { return }
                _ = try? await self.sweep()
            }
        }
        sweeper.withLock { $0 = task }
    }

    deinit { sweeper.withLock { $0?.cancel() } }

    /// The entry of a key; nil if there is none, or if it has expired.
    ///
    /// - Throws: ``KVError``.
    public func get(_ key: String, in namespace: String, of app: String) async throws -> KVEntry? {
        try check(key: key, namespace: namespace)
        let now = nowSeconds
        return try await read { try $0.get(app: app, namespace: namespace, key: key, now: now) }
    }

    /// Stores an entry in place of what the key had. When this returns, it is on the disk.
    ///
    /// - Returns: The change's stamp.
    /// - Throws: ``KVError``; then nothing has changed.
    @discardableResult
    public func put(_ key: String, _ entry: KVEntry, in namespace: String, of app: String) async throws -> KVStamp? {
        try check(key: key, namespace: namespace)
        try Self.check(entry)
        if let expiration = entry.expiration {
            guard (nowSeconds + KVLimits.minTTLSeconds...KVLimits.maxExpiration).contains(expiration) else {
                throw KVError(
                    .argument,
                    "an entry must live for \(KVLimits.minTTLSeconds) seconds or more, at most to the year 9999")
            }
        }
        return try await writer.apply(.put(app: app, namespace: namespace, key: key, entry))
    }

    /// Sizes, and whether metadata is JSON.
    static func check(_ entry: KVEntry) throws {
        guard entry.value.count <= KVLimits.maxValueBytes else {
            throw KVError(
                .tooLarge,
                "the value has \(entry.value.count) bytes; the limit is \(KVLimits.maxValueBytes) (1 MiB): cut it up, or keep "
                    + "it elsewhere")
        }
        let metadataBytes = entry.metadata?.utf8.count ?? 0
        guard metadataBytes <= KVLimits.maxMetadataBytes else {
            throw KVError(
                .tooLarge,
                "the metadata has \(metadataBytes) bytes as JSON; the limit is \(KVLimits.maxMetadataBytes): put the rest "
                    + "into the value")
        }
        if let metadata = entry.metadata {
            guard (try? JSONDecoder().decode(JSONValue.self, from: Data(metadata.utf8))) != nil else {
                throw KVError(.argument, "metadata is any JSON, such as {\"a\": 1}")
            }
        }
    }

    /// Removes a key, if it is there. When this returns, that is on the disk.
    ///
    /// - Returns: The change's stamp; nil if the key was not there.
    /// - Throws: ``KVError``.
    @discardableResult
    public func delete(_ key: String, in namespace: String, of app: String) async throws -> KVStamp? {
        try check(key: key, namespace: namespace)
        return try await writer.apply(.delete(app: app, namespace: namespace, key: key))
    }

    /// Names in the order of their bytes.
    ///
    /// A page shows one moment of the store; the next page may show a later one. No name that was there all the time is
    /// left out or told twice.
    ///
    /// - Parameters:
    ///   - prefix: What the names begin with; may be empty.
    ///   - after: Only names behind this one.
    ///   - limit: 1 to 1,000.
    /// - Throws: ``KVError``.
    public func list(prefix: String, after: String?, limit: Int, in namespace: String, of app: String) async throws
        -> KVPage
    {
        try check(namespace: namespace)
        guard (1...KVLimits.maxListed).contains(limit) else {
            throw KVError(.argument, "a list has 1 to \(KVLimits.maxListed) names")
        }
        guard prefix.utf8.count <= KVLimits.maxKeyBytes, after?.utf8.count ?? 0 <= KVLimits.maxKeyBytes else {
            throw KVError(.tooLarge, "a prefix and a cursor have at most \(KVLimits.maxKeyBytes) bytes, as keys have")
        }
        let now = nowSeconds
        return try await read {
            try $0.list(app: app, namespace: namespace, prefix: prefix, after: after, limit: limit, now: now)
        }
    }

    /// What an app stores, expired entries that are not swept yet included.
    public func usage(of app: String) async throws -> (bytes: Int, entries: Int) {
        try await read { try $0.usage(app: app) }
    }

    /// Removes all that has expired, and the rows of apps that were given away; how many entries had expired. Happens by
    /// itself every ``KVSettings/sweepInterval``.
    @discardableResult
    public func sweep() async throws -> Int {
        let batch = max(1, settings.sweepBatch)
        var total = 0
        while true {
            let now = nowSeconds
            let count = try await write { try $0.sweep(now: now, limit: batch) }
            total += count
            if count < batch { break }
        }
        try await forgetRemoved()
        while try await write({ try $0.clearGivenAway(limit: batch) }) {}
        return total
    }

    /// Ends what is under way and closes the file.
    public func close() async throws {
        let task = sweeper.withLock { sweeper in
            defer { sweeper = nil }
            return sweeper
        }
        task?.cancel()
        await task?.value
        await writer.close()
        do { try pool.close() } catch { throw KVError.database(error) }
    }

    /// Seconds since 1970 UTC.
    public var nowSeconds: Int { Int(settings.wallMilliseconds() / 1_000) }

    func check(key: String, namespace: String) throws {
        try check(namespace: namespace)
        guard !key.isEmpty else { throw KVError(.argument, "a key has at least one character") }
        guard key.utf8.count <= KVLimits.maxKeyBytes else {
            throw KVError(
                .tooLarge,
                "the key has \(key.utf8.count) bytes of UTF-8; the limit is \(KVLimits.maxKeyBytes): use a shorter one")
        }
    }

    func check(namespace: String) throws {
        guard (1...KVLimits.maxNamespaceBytes).contains(namespace.utf8.count) else {
            throw KVError(.argument, "a namespace's name has 1 to \(KVLimits.maxNamespaceBytes) bytes of UTF-8")
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (KVRows) throws -> Value) async throws -> Value {
        do { return try await pool.read { try body(KVRows($0)) } } catch { throw KVError.database(error) }
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (KVRows) throws -> Value) async throws -> Value {
        do { return try await pool.write { try body(KVRows($0)) } } catch { throw KVError.database(error) }
    }
}
