import Blake3
import Foundation
import Identity
import Ledger
import Logging
import Machines
import Manifests
import Synchronization
import Wire

@testable import Node

/// A ledger in memory whose time is this process's, for several keepers.
final class FakeLedger: Sendable {
    let keys: [SigningKey]
    let owner: SigningKey
    private let current: Mutex<LedgerState>
    private let manifests = Mutex<[BlobID: MachineManifest]>([:])
    /// Nodes whose transactions get lost.
    let cutOff = Mutex<Set<NodeID>>([])

    init(nodes: Int) throws {
        keys = try (1...nodes).map { try SigningKey(rawRepresentation: Data(repeating: UInt8($0), count: 32)) }
        owner = try SigningKey(rawRepresentation: Data(repeating: 99, count: 32))
        let account = owner.publicKey.account
        let genesis = try Genesis(
            networkName: "fake", timeMilliseconds: FakeLedger.now, parameters: NetworkParameters(),
            accounts: [GenesisAccount(account, balance: 0)],
            nodes: try keys.enumerated().map { index, key in
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "10.0.\(index).1", port: 7_000))
            },
            sequencers: [keys[0].publicKey.node], governors: [account], isDevelopment: true)
        current = Mutex(LedgerState(genesis: genesis))
        for key in keys {
            let node = key.publicKey.node
            try run(
                .updateNode(
                    node, peer: try Endpoint(host: "10.9.\(key.publicKey.bytes[0]).1", port: 7_001), gateway: nil,
                    capacity: NodeCapacity(memoryBytes: 4 << 30, cpuMillis: 4_000)), by: key, as: .node)
        }
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    var state: LedgerState { current.withLock { $0 } }

    @discardableResult
    func run(
        _ action: LedgerAction, by key: SigningKey, as role: TransactionBuilder.Role = .account
    ) throws -> ReleaseID? {
        try current.withLock { state in
            let builder = TransactionBuilder(networkID: state.networkID, key: key, as: role)
            let transaction = try builder.sign(action, nonce: state.nonce(of: builder.signer) + 1)
            switch state.execute(transaction, timeMilliseconds: FakeLedger.now) {
            case .applied(let release): return release
            case .refused(let error): throw error
            }
        }
    }

    func deploy(_ manifest: MachineManifest, as app: AppName) throws -> String {
        guard let id = try publish(manifest, as: app) else { return "" }
        try run(.promoteRelease(app, id, percent: 100), by: owner)
        return id.description
    }

    /// A release that nobody gets yet.
    func publish(_ manifest: MachineManifest, as app: AppName) throws -> ReleaseID? {
        if state.name(app) == nil { try run(.claimName(app), by: owner) }
        let bytes = try Manifest.machine(manifest).encoded()
        let blob = BlobID(Blake3.hash(bytes))
        manifests.withLock { $0[blob] = manifest }
        let release = NewRelease(kind: .machine, manifest: blob, manifestByteCount: UInt64(bytes.count))
        return try run(.publishRelease(app, release), by: owner)
    }

    func manifest(_ release: ReleaseRecord) throws -> MachineManifest {
        guard let manifest = manifests.withLock({ $0[release.manifest] }) else {
            throw ManifestError(.malformed, "not here")
        }
        return manifest
    }
}

/// Containers that only exist here. One whose command is `bad` never becomes healthy; one whose command is `broken` cannot
/// be made.
actor FakeHost: MachineControl {
    private var machines: [MachineID: MachineStatus] = [:]
    private var specs: [MachineID: MachineSpec] = [:]
    private let stream: AsyncStream<MachineStatus>
    private let news: AsyncStream<MachineStatus>.Continuation
    /// What runs on any host with a volume's name: a second one at a time is a mistake.
    private(set) var started: [MachineID] = []
    private var statusNumber: UInt64 = 0

    init() { (stream, news) = AsyncStream<MachineStatus>.makeStream() }

    /// What was made, in order.
    private(set) var created: [MachineSpec] = []

    var running: [MachineID] { machines.values.filter { $0.state.mayRun }.map(\.id).sorted() }

    private func set(_ id: MachineID, _ state: MachineState, wanted: Bool) {
        guard var status = machines[id] else { return }
        status.state = state
        status.isWanted = wanted
        status.address = state.mayRun ? "10.1.1.1" : nil
        statusNumber += 1
        status.sequence = statusNumber
        machines[id] = status
        news.yield(status)
    }

    func create(_ spec: MachineSpec, image: MachineImage) async throws(MachineError) {
        if spec.command == ["broken"] { throw MachineError(.commandNotFound, "broken is not in the image") }
        if machines[spec.id] != nil { throw MachineError(.exists, "there is one") }
        specs[spec.id] = spec
        created.append(spec)
        machines[spec.id] = MachineStatus(id: spec.id, state: .created, image: spec.image)
        set(spec.id, .created, wanted: false)
    }

    func change(_ spec: MachineSpec, image: MachineImage) async throws(MachineError) {
        guard machines[spec.id] != nil else { throw MachineError(.unknown, "there is none") }
        try await stop(spec.id)
        specs[spec.id] = spec
        created.append(spec)
        set(spec.id, .created, wanted: false)
    }

    func start(_ id: MachineID) async throws(MachineError) {
        guard let spec = specs[id] else { throw MachineError(.unknown, "there is none") }
        started.append(id)
        set(id, spec.command == ["bad"] ? .starting : .healthy, wanted: true)
    }

    func waitUntilHealthy(_ id: MachineID, timeout: Duration) async throws(MachineError) {}

    func stop(_ id: MachineID) async throws(MachineError) {
        machines[id]?.exit = MachineExit(signal: 15)
        set(id, .stopped, wanted: false)
    }

    func restart(_ id: MachineID) async throws(MachineError) {
        try await stop(id)
        try await start(id)
    }

    func destroy(_ id: MachineID) async throws(MachineError) {
        set(id, .stopped, wanted: false)
        machines[id] = nil
        specs[id] = nil
    }

    func status(_ id: MachineID) async throws(MachineError) -> MachineStatus {
        guard let status = machines[id] else { throw MachineError(.unknown, "there is none") }
        return status
    }

    func list() async -> [MachineStatus] { Array(machines.values) }
    func usage(_ id: MachineID) async throws(MachineError) -> MachineUsage? { nil }
    func events(_ id: MachineID, after sequence: Int) async throws(MachineError) -> [MachineEvent] {
        _ = try await status(id)
        return []
    }
    func logs(_ id: MachineID, tail: Int, follow: Bool) async throws(MachineError) -> AsyncStream<MachineLogLine> {
        AsyncStream { $0.finish() }
    }
    func lines(_ id: MachineID, after time: Int64, limit: Int) async throws(MachineError) -> [MachineLogLine] { [] }
    func copy(_ id: MachineID, _ copy: MachineCopy) async throws(MachineError) -> MachineSession {
        throw MachineError(.hostUnable, "not here")
    }
    func exec(_ id: MachineID, _ command: MachineCommand) async throws(MachineError) -> MachineSession {
        throw MachineError(.hostUnable, "not here")
    }
    func changes() async -> AsyncStream<MachineStatus> { stream }
}

/// A node with a keeper of fake containers.
final class FakeNode: Sendable {
    let id: NodeID
    let host = FakeHost()
    let table: MachineTable
    let keeper: MachineKeeper
    let world: MachineSurroundings
    /// The ends that guards were told, by container.
    let limits = Mutex<[MachineID: Int64]>([:])
    /// Whether its disk has no room for images.
    let isFull = Mutex(false)
    /// The value of all secrets.
    let secret = Mutex("first")
    /// Who holds images.
    let images = Mutex<Set<String>>([])
    private let folder: String
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter others: Gets what the node announces.
    init(
        _ ledger: FakeLedger, _ index: Int, term: Int64, dead: @escaping @Sendable (NodeID) -> Bool,
        others: @escaping @Sendable (PeerPBAnnounceMachines, NodeID) -> Void
    ) throws {
        let key = ledger.keys[index]
        let node = key.publicKey.node
        id = node
        folder = NSTemporaryDirectory() + "fake-node-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let relay = WakeRelay()
        table = MachineTable(
            environment: .init(
                node: node, isUsable: { !dead($0) }, roundTrip: { _ in nil }, wake: { try await relay.wake($0, $1) }))
        let box = Box()
        let world = MachineSurroundings(
            node: node, state: { ledger.state },
            submit: { action in
                if ledger.cutOff.withLock({ $0.contains(node) }) { throw MachineFailure(.unreachable, "cut off") }
                try ledger.run(action, by: key, as: .node)
            }, isUsable: { !dead($0) }, control: host, manifest: { try ledger.manifest($0) },
            image: { _, holder in
                if box.node?.isFull.withLock({ $0 }) == true { throw MachineError(.diskFailed, "no room is left") }
                box.node?.images.withLock { _ = $0.insert(holder) }
                return MachineImage(layers: ["/nowhere"])
            }, release: { holder in box.node?.images.withLock { _ = $0.remove(holder) } },
            holders: { box.node?.images.withLock { $0 } ?? [] },
            secrets: { names, _ in
                let value = box.node?.secret.withLock { $0 } ?? ""
                return (Dictionary(uniqueKeysWithValues: names.map { ($0, value) }), value)
            },
            volumes: { _, manifest, _ in manifest.volumes.map { MachineMount(source: "/nowhere", target: $0.path) } },
            limit: { id, end in box.node?.limits.withLock { $0[id] = end } }, limitPath: { _ in nil },
            announce: { others($0, node) }, now: MachineClock.now, wallTime: { FakeLedger.now })
        self.world = world
        keeper = try MachineKeeper(
            world: world, clock: LeaseClock(term: term), table: table, bookPath: folder + "/machines.json",
            logger: Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() })
        box.node = self
        relay.attach { [keeper] in try await keeper.wake($0.app, $0.slot, within: $1) }
    }

    private final class Box: @unchecked Sendable {
        /// Set once before anything runs.
        weak var node: FakeNode?
    }

    func start() { task.withLock { $0 = Task { await keeper.run(AsyncStream { _ in }) } } }

    /// Ends the keeper as a crash would: what runs goes on.
    func crash() { task.withLock { $0?.cancel() } }

    func removeFiles() { try? FileManager.default.removeItem(atPath: folder) }
}
