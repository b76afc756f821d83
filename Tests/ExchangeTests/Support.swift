import Blake3
import BlobStore
import Dispatch
import Exchange
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Synchronization
import Testing
import Wire

let loops = MultiThreadedEventLoopGroup.singleton
let threadPool: NIOThreadPool = .singleton
let blockBytes = BlockTree.blockByteCount

/// Who takes part, and where.
final class Ledger: PeerDirectory {
    private let records = Mutex<[NodeID: (key: PublicKey, endpoint: PeerEndpoint)]>([:])

    func register(_ key: SigningKey, port: Int) {
        records.withLock { $0[key.publicKey.node] = (key.publicKey, PeerEndpoint(host: "127.0.0.1", port: port)) }
    }

    func isParticipating(_ key: PublicKey) -> Bool { records.withLock { $0[key.node]?.key == key } }
    func publicKey(of node: NodeID) -> PublicKey? { records.withLock { $0[node]?.key } }
    func endpoint(of node: NodeID) -> PeerEndpoint? { records.withLock { $0[node]?.endpoint } }
    var nodes: [NodeID] { records.withLock { Array($0.keys) } }
}

/// Answers a node's peers: from its exchange, unless `change` says something else.
final class Service: PeerRequestHandler {
    /// A changed answer; nil for the true one.
    typealias Change = @Sendable (PeerRequest, EventLoopFuture<PeerReply>, any EventLoop) -> EventLoopFuture<PeerReply>?

    private let exchange = Mutex<Exchange?>(nil)
    private let change: Change?
    private let served = Mutex<[FrameType: Int]>([:])

    init(_ change: Change?) { self.change = change }

    func attach(_ exchange: Exchange) { self.exchange.withLock { $0 = exchange } }

    /// How many requests of a type came.
    func count(_ type: FrameType) -> Int { served.withLock { $0[type] ?? 0 } }

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        served.withLock { $0[request.type, default: 0] += 1 }
        guard let answer = exchange.withLock({ $0 })?.serve(request, on: eventLoop) else {
            return eventLoop.makeFailedFuture(PeerError(.unsupported, "unknown"))
        }
        return change?(request, answer, eventLoop) ?? answer
    }
}

/// Keeps what an exchange told its owner.
final class Heard: Sendable {
    private let state = Mutex<(stored: [BlobID], reports: [ProviderReport])>(([], []))

    var stored: [BlobID] { state.withLock(\.stored) }
    var reports: [ProviderReport] { state.withLock(\.reports) }
    func add(stored id: BlobID) { state.withLock { $0.stored.append(id) } }
    func add(report: ProviderReport) { state.withLock { $0.reports.append(report) } }
}

/// Keeps what was logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    func contains(_ text: String) -> Bool { lines.withLock { $0.contains { $0.contains(text) } } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }

    struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}

/// A node with a store, connections and an exchange, in a folder that goes with it.
final class ExchangeNode: Sendable {
    let key: SigningKey
    let store: BlobStore
    let peers: PeerNetwork
    let exchange: Exchange
    let service: Service
    let port: Int
    let log = LogLines()
    let heard = Heard()
    private let folder: String
    private let keepsFolder: Bool

    var id: NodeID { key.publicKey.node }

    init(
        _ ledger: Ledger, key: SigningKey = SigningKey(), port: Int = 0, reserveBytes: Int = 0,
        settings: ExchangeSettings = .quick, folder: String? = nil, storeThreads: NIOThreadPool = threadPool,
        group: any EventLoopGroup = loops, answers: Service.Change? = nil
    ) async throws {
        self.key = key
        self.folder = folder ?? NSTemporaryDirectory() + "exchange-\(UUID().uuidString)"
        keepsFolder = folder != nil
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var storeSettings = BlobStore.Settings()
        storeSettings.reserveBytes = reserveBytes
        store = try BlobStore(folder: self.folder, settings: storeSettings, threadPool: storeThreads, logger: quiet)
        service = Service(answers)
        var limits = PeerLimits()
        limits.initialBackoff = .milliseconds(20)
        limits.maxBackoff = .milliseconds(50)
        limits.handshakeTimeout = .seconds(5)
        peers = try PeerNetwork(
            key: key, network: Data(count: 32), directory: ledger, handler: service, ledgerSequence: { 1 },
            group: loops, limits: limits, logger: quiet)
        let (log, heard) = (log, heard)
        exchange = Exchange(
            store: store, peers: peers, finder: DirectoryFinder(ledger), settings: settings, group: group,
            logger: Logger(label: "test") { _ in LogLines.Handler(lines: log) },
            onStored: { heard.add(stored: $0) },
            onReport: { heard.add(report: $0) })
        service.attach(exchange)
        self.port = try await peers.listen(host: "127.0.0.1", port: port)
        ledger.register(key, port: self.port)
    }

    deinit {
        try? store.close()
        if !keepsFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    func stop() async {
        exchange.shutdown()
        await peers.shutdown()
    }

    /// Unfinished files in the store.
    func leftovers() -> [String] {
        ["tmp", "partial"].flatMap { part in
            (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
        }
    }

    /// Whether the store gives back exactly `bytes`, also after it was closed and opened.
    func holdsDurably(_ id: BlobID, _ bytes: ByteBuffer) async throws -> Bool {
        guard try await store.readAll(id, limit: 1 << 30) == bytes else { return false }
        try store.close()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let again = try BlobStore(folder: folder, settings: .init(), threadPool: threadPool, logger: quiet)
        defer { try? again.close() }
        return try await again.readAll(id, limit: 1 << 30) == bytes
    }
}

/// Gives out one loop first, and after that those of all tests.
final class FirstLoopGroup: EventLoopGroup {
    private let first: any EventLoop
    private let isGiven = Atomic(false)

    init(_ first: any EventLoop) { self.first = first }

    func next() -> any EventLoop { isGiven.exchange(true, ordering: .relaxed) ? loops.next() : first }
    func makeIterator() -> EventLoopIterator { loops.makeIterator() }
    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async { callback(nil) }
    }
}

extension ExchangeSettings {
    /// Short waits, so that failures show soon.
    static var quick: ExchangeSettings {
        var settings = ExchangeSettings()
        settings.blockTimeout = .seconds(1)
        settings.rediscoverInterval = .milliseconds(200)
        settings.refreshInterval = .milliseconds(40)
        settings.locateTimeout = .seconds(2)
        settings.searchTimeout = .seconds(2)
        settings.searchInterval = .milliseconds(100)
        return settings
    }
}

/// A network of nodes that is stopped whatever happens.
func withNodes(_ work: (Ledger, inout [ExchangeNode]) async throws -> Void) async throws {
    var nodes: [ExchangeNode] = []
    do {
        try await work(Ledger(), &nodes)
    } catch {
        for node in nodes { await node.stop() }
        throw error
    }
    for node in nodes { await node.stop() }
}

/// The code of an ``ExchangeError`` or a `BlobStoreError` that `body` throws; nil if it throws none.
func code(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? ExchangeError)?.code.description ?? (error as? BlobStoreError)?.code.description ?? "\(error)"
    }
}

/// As above; `still running` when `body` has not come to an end in time. It is left behind then.
func code(within limit: TimeAmount, _ body: @escaping @Sendable () async throws -> Void) async -> String? {
    let loop = loops.next()
    let outcome = loop.makePromise(of: String?.self)
    let timer = loop.scheduleTask(in: limit) { outcome.succeed("still running") }
    loop.makeFutureWithTask { await code(body) }.whenSuccess {
        timer.cancel()
        outcome.succeed($0)
    }
    return (try? await outcome.futureResult.get()) ?? nil
}

/// Waits until `condition` holds, for at most 5 seconds.
func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<3_000 {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try condition()
}

/// The same value. An expectation that fails shows its parts, and looking into live objects while other threads change
/// them is not safe; this way it sees a truth value only.
func holds(_ condition: Bool) -> Bool { condition }

/// A reproducible generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func randomBytes(_ count: Int, seed: UInt64 = 1) -> ByteBuffer {
    var generator = SeededGenerator(seed)
    var bytes = ByteBuffer()
    bytes.reserveCapacity(count + 8)
    let first = min(count, blockBytes)
    bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: first + 8) { output in
        let words = output.bindMemory(to: UInt64.self)
        var index = 0
        while index * 8 < first {
            words[index] = generator.next()
            index += 1
        }
        return first
    }
    // Further blocks differ in their number only: making noise takes long in a debug build.
    let noise = bytes
    var number: UInt64 = 0
    while bytes.readableBytes < count {
        number += 1
        bytes.writeInteger(number ^ seed)
        bytes.writeImmutableBuffer(noise.getSlice(at: 8, length: noise.readableBytes - 8) ?? ByteBuffer())
    }
    return bytes.getSlice(at: 0, length: count) ?? ByteBuffer()
}

func slice(_ bytes: ByteBuffer, block: Int) -> ByteBuffer? {
    bytes.getSlice(at: block * blockBytes, length: BlockTree.blockLength(block, byteCount: bytes.readableBytes))
}
