import Blake3
import FunctionServices
import Functions
import Identity
import Logging
import Manifests
import NIOCore
import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// The values of apps, on the nodes that are their homes; `docs/design/kv.md` says what is promised.
///
/// Any node takes calls: a home reads from its own store, changes go to the first home that lives, and it copies each to
/// the other living homes before it answers. ``run()`` keeps homes level that missed something.
final class NodeKV: KeyValues {
    /// Limits, and how long others may take.
    struct Settings: Sendable {
        /// Calls of one app that other nodes answer, at once. Default 64, each with a value of up to 1 MiB.
        var maxCallsPerApp = 64
        /// Calls of all apps that other nodes answer, at once. Default 256.
        var maxCalls = 256
        /// Calls of all apps that wait for a place among those. Default 512.
        var maxWaitingCalls = 512
        /// Calls of one peer that are answered at once. Default 64.
        var maxServedPerPeer = 64
        /// Calls of all peers that are answered at once. Default 256.
        var maxServed = 256
        /// How long another node may take to answer. Default 5 s.
        var timeout = TimeAmount.seconds(5)
        /// How often homes are compared. Default 30 s.
        var interval = Duration.seconds(30)
        /// Apps whose lanes are kept. Default 4,096; beyond, all are made anew.
        var maxLanes = 4_096

        init() {}
    }

    let node: NodeID
    let store: KVStore
    let network: any KVNetwork
    let settings: Settings
    let logger: Logger
    let readiness = KVReadiness()
    /// Apps of which this node has values and is no home, as it found when it last looked.
    let handingOver = Mutex(0)
    private let calls: KVCallLimit<String>
    let served: KVCallLimit<NodeID>

    struct LaneKey: Hashable {
        let app: String
        let node: NodeID
    }
    let lanes = Mutex<[LaneKey: KVLane]>([:])

    /// Opens the store in `file`, or makes one.
    ///
    /// - Throws: `KVError` if the file is no store.
    convenience init(node: NodeID, file: String, network: any KVNetwork, logger: Logger) throws {
        let store = try KVStore(path: file) { NodeKV.writer(of: node, incarnation: $0) }
        self.init(node: node, store: store, network: network, logger: logger)
    }

    /// - Parameter store: Its writer is ``writer(of:incarnation:)``; ``close()`` closes it.
    init(node: NodeID, store: KVStore, network: any KVNetwork, settings: Settings = Settings(), logger: Logger) {
        self.node = node
        self.store = store
        self.network = network
        self.settings = settings
        self.logger = logger
        calls = KVCallLimit(
            most: settings.maxCallsPerApp, mostInAll: settings.maxCalls, mostWaiting: settings.maxWaitingCalls)
        served = KVCallLimit(most: settings.maxServedPerPeer, mostInAll: settings.maxServed)
    }

    /// How a node signs its changes: 8 bytes that follow from its id and the number of its file. A file that takes the place
    /// of a lost one has another number: the changes in the lost one are those of somebody else, to be heard of again.
    /// Nobody finds a key or a number for the 8 bytes of another's.
    static func writer(of node: NodeID, incarnation: Int64 = 0) -> Int64 {
        var bytes = node.digest.bytes
        if incarnation != 0 {
            let number = withUnsafeBytes(of: incarnation.bigEndian) { Array($0) }
            bytes = Blake3.hash(bytes + number).bytes
        }
        return bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    /// These values for functions, each of which reaches the namespaces that its release is bound to.
    func bound(by releases: FunctionReleases) -> BoundKeyValues {
        BoundKeyValues(self) { try await releases.manifest(of: $0).namespaces }
    }

    /// Closes the store; calls fail from now on.
    func close() async {
        do { try await store.close() } catch {
            logger.error("closing the key-value store failed", metadata: ["error": "\(error)"])
        }
    }

    var nowSeconds: Int { store.nowSeconds }

    // MARK: Functions' calls

    func get(_ key: String, in namespace: String, for version: FunctionVersion) async throws -> KVEntry? {
        try await get(key, in: namespace, of: version.tenant)
    }

    func put(_ key: String, _ entry: KVEntry, in namespace: String, for version: FunctionVersion) async throws {
        try await put(key, entry, in: namespace, of: version.tenant)
    }

    func delete(_ key: String, in namespace: String, for version: FunctionVersion) async throws {
        try await delete(key, in: namespace, of: version.tenant)
    }

    func list(
        prefix: String, after: String?, limit: Int, in namespace: String, for version: FunctionVersion
    ) async throws -> KVPage {
        try await list(prefix: prefix, after: after, limit: limit, in: namespace, of: version.tenant)
    }

    // MARK: Calls for an app

    /// The entry of a key of an app, `<owner>/<name>`; nil if there is none.
    func get(_ key: String, in namespace: String, of app: String) async throws -> KVEntry? {
        try await perform(app, isRead: true) { _ in
            try await self.store.get(key, in: namespace, of: app)
        } there: { home, wait in
            let answer: PeerPBKVEntry = try await self.ask(home, .kvGet, NodeKV.key(app, namespace, key, wait))
            return try answer.found ? KVEntry(answer) : nil
        }
    }

    /// Stores an entry.
    func put(_ key: String, _ entry: KVEntry, in namespace: String, of app: String) async throws {
        try await perform(app, isRead: false) { homes in
            try await self.put(key, entry, in: namespace, of: app, homes)
        } there: { home, wait in
            let message = PeerPBKVPut.with {
                $0.app = app
                $0.namespace = namespace
                $0.key = key
                $0.entry = PeerPBKVEntry(entry)
                $0.wait = wait
            }
            let _: PeerPBKVDone = try await self.ask(home, .kvPut, message)
        }
    }

    /// Removes a key, if it is there.
    func delete(_ key: String, in namespace: String, of app: String) async throws {
        try await perform(app, isRead: false) { homes in
            try await self.delete(key, in: namespace, of: app, homes)
        } there: { home, wait in
            let _: PeerPBKVDone = try await self.ask(home, .kvDelete, NodeKV.key(app, namespace, key, wait))
        }
    }

    /// Names in the order of their bytes.
    func list(prefix: String, after: String?, limit: Int, in namespace: String, of app: String) async throws -> KVPage {
        try await perform(app, isRead: true) { _ in
            try await self.store.list(prefix: prefix, after: after, limit: limit, in: namespace, of: app)
        } there: { home, wait in
            let message = PeerPBKVList.with {
                $0.app = app
                $0.namespace = namespace
                $0.prefix = prefix
                $0.after = after ?? ""
                $0.limit = UInt32(clamping: limit)
                $0.wait = wait
            }
            let answer: PeerPBKVNames = try await self.ask(home, .kvList, message)
            return try KVPage(answer)
        }
    }

    private static func key(_ app: String, _ namespace: String, _ key: String, _ wait: Bool) -> PeerPBKVKey {
        PeerPBKVKey.with {
            $0.app = app
            $0.namespace = namespace
            $0.key = key
            $0.wait = wait
        }
    }

    // MARK: Finding a home that answers

    /// Tries the homes one after the other; a second time, patiently, if one of them was only catching up.
    private func perform<Value: Sendable>(
        _ app: String, isRead: Bool, here: (KVHomes) async throws -> Value,
        there: (NodeID, _ wait: Bool) async throws -> Value
    ) async throws -> Value {
        guard let homes = network.homes(of: app) else {
            throw KVError(.unavailable, "the ledger as this node has it knows no app \(app.suffix(64)); try again")
        }
        var reason = "none of its \(homes.nodes.count) homes is alive"
        var refusal: KVError?
        for wait in [false, true] {
            var isCatchingUp = false
            let isReady = readiness.isReady(app, homes, life: network.life)
            let stops = KVStop.stops(
                homes, from: node, isRead: isRead, isReady: isReady, isUsable: network.isUsable)
            for stop in stops {
                do {
                    switch stop {
                    case .here:
                        guard await catchUp(app, homes, wait: wait) else {
                            throw PeerError(.kvSyncing, "this one catches up with the others first")
                        }
                        return try await here(homes)
                    case .peer(let home):
                        let answer = try await calls.run(
                            for: app, waiting: .nanoseconds(settings.timeout.nanoseconds)
                        ) { try await there(home, wait) }
                        guard let answer else {
                            throw KVError(.overloaded, "too many calls wait for other nodes; try again")
                        }
                        return answer
                    }
                } catch let error as PeerError {
                    let known = KVError(KVError.Code(rawValue: error.code.description), error.message)
                    guard NodeKV.mayTryNext(error) else { throw known }
                    if error.code == .kvSyncing { isCatchingUp = true }
                    if known.code == .writers { refusal = known }
                    reason = error.message
                } catch let error as KVError where error.code == .writers {
                    refusal = error
                }
            }
            if !isCatchingUp { break }
        }
        throw refusal ?? KVError(.unavailable, "no home of the app's values answers (\(reason)); try again")
    }

    /// Whether another home may answer what this one did not. One that is unreachable, or died with the call under way: a
    /// change may then be made twice.
    private static func mayTryNext(_ error: PeerError) -> Bool {
        let codes: Set<PeerError.Code> = [.kvSyncing, .kvNotHome, .kvUnavailable, .kvClosed, .kvWriters]
        return codes.contains(error.code) || !error.code.description.hasPrefix("kv/")
    }

    func ask<Answer: Message>(_ node: NodeID, _ type: FrameType, _ message: some Message) async throws -> Answer {
        try await ask(node, type, message, timeout: settings.timeout)
    }

    func ask<Answer: Message>(
        _ node: NodeID, _ type: FrameType, _ message: some Message, timeout: TimeAmount
    ) async throws -> Answer {
        let bytes: [UInt8] = try message.serializedBytes()
        let body = try await network.ask(node, type, ByteBuffer(bytes: bytes), timeout: timeout)
        do { return try Answer(serializedBytes: Array(body.readableBytesView)) } catch {
            throw KVMessages.violation("an answer that is no \(Answer.protoMessageName)")
        }
    }
}

extension PeerError.Code {
    /// The home has to catch up with the others first.
    static let kvSyncing = PeerError.Code("kv/syncing")
    /// The node is no home of the app, as far as its ledger goes, or the asker is none where only homes may ask.
    static let kvNotHome = PeerError.Code("kv/not-home")
    static let kvUnavailable = PeerError.Code(KVError.Code.unavailable.rawValue)
    static let kvClosed = PeerError.Code(KVError.Code.closed.rawValue)
    /// The home has never made a change of the app, and the app has had as many that did as it may.
    static let kvWriters = PeerError.Code(KVError.Code.writers.rawValue)
}
