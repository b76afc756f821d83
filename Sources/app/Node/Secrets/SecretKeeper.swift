import Blake3
import Foundation
import Functions
import Identity
import Ledger
import LedgerLog
import Logging
import Secrets
import SwiftProtobuf
import Synchronization
import Wire

/// Keeps the secrets of the apps that this node serves, sealed to the node, and opens them for its functions.
///
/// What it has is on the disk before anybody hears that it has it. It takes lists only from an app's owner, whoever
/// hands them over, and gives values only to nodes that serve the app by the same rule.
actor SecretKeeper {
    /// How often the other nodes are asked for what this one missed.
    static let interval = Duration.seconds(30)
    /// The same as long as one of them did not answer.
    static let retryInterval = Duration.seconds(5)
    /// How long a function that lacks a secret does not make this node ask again.
    private static let fetchPause = Duration.seconds(1)

    nonisolated let node: NodeID
    nonisolated let keeper: LedgerKeeper
    nonisolated let key: SealingKey
    nonisolated let peers: SecretPeers
    nonisolated let logger: Logger
    private let folder: SecretFolder
    var book: SecretBook
    private var fetched: [AppName: ContinuousClock.Instant] = [:]
    /// The nodes and the number of replicas when the secrets were last compared with others'.
    private var placement: (nodes: [NodeID], replicas: UInt32)?
    private nonisolated let listener = Mutex<(@Sendable (AppName) -> Void)?>(nil)

    nonisolated var network: NetworkID { keeper.state.networkID }

    /// - Throws: ``SecretsError`` if the folder cannot be made; files that cannot be read are left for other nodes to
    ///   replace.
    init(key nodeKey: SigningKey, keeper: LedgerKeeper, folder path: String, peers: SecretPeers, logger: Logger) throws
    {
        node = nodeKey.publicKey.node
        self.keeper = keeper
        self.peers = peers
        self.logger = logger
        let network = keeper.state.networkID
        let key = try SealingKey(nodeKey, network: network)
        let folder = try SecretFolder(path: path)
        var book = SecretBook()
        for app in folder.apps() {
            guard let stored = folder.read(app),
                let list = try? SecretList(decoding: stored.list, network: network), list.app == app
            else {
                logger.error("an app's secrets cannot be read", metadata: ["app": "\(app)", "folder": "\(path)"])
                continue
            }
            _ = try? book.offer(
                list, values: SecretKeeper.fitting(stored.values, of: list, key), owner: list.owner.account)
        }
        self.key = key
        self.folder = folder
        self.book = book
    }

    /// Hears of every app whose secrets changed here; must not block.
    nonisolated func onChange(_ body: @escaping @Sendable (AppName) -> Void) { listener.withLock { $0 = body } }

    /// Compares what is here with the other nodes, at once and after changes of who serves what, until cancelled.
    func run() async {
        let changes = keeper.changes()
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in changes { await self.reconcileIfMoved() } }
            group.addTask {
                while !Task.isCancelled {
                    let isComplete = await self.reconcile()
                    try? await Task.sleep(for: isComplete ? SecretKeeper.interval : SecretKeeper.retryInterval)
                }
            }
        }
    }

    /// Whether the nodes or the number of replicas are others than before.
    func hasMoved(_ state: LedgerState) -> Bool {
        let now = (nodes: state.participants.map(\.id), replicas: state.parameters.replicas)
        defer { placement = now }
        guard let before = placement else { return true }
        return before != now
    }

    // MARK: For functions

    /// The values of an app's secrets, by name. What is not here is asked of the other nodes that serve the app.
    ///
    /// - Throws: ``FunctionError`` `.secretMissing` if one has no value, or this node does not serve the app.
    func values(of names: [String], for app: AppName) async throws -> [String: String] {
        try await stamped(names, of: app).values
    }

    /// The same, with what tells these values from others of these secrets; empty for no secrets.
    func stamped(_ names: [String], of app: AppName) async throws -> (values: [String: String], stamp: String) {
        if names.isEmpty { return ([:], "") }
        let serving = ServingNodes.of(app, keeper.state)
        guard serving.contains(node) else {
            throw FunctionError(
                .secretMissing,
                "\(app) has secrets, and node \(node.short) is none of those that hold them: "
                    + serving.map(\.short).joined(separator: ", "))
        }
        if !missing(names, of: app).isEmpty { await fetch(app) }
        let lacking = missing(names, of: app)
        guard lacking.isEmpty, let held = held(app) else {
            throw FunctionError(
                .secretMissing,
                "\(app) cannot start without the secrets \(lacking.joined(separator: ", ")): its owner gives each a value "
                    + "with `skerry secrets put \(app) NAME`")
        }
        var values: [String: String] = [:]
        // A commitment is of the name too, and tells nothing of the value.
        var commitments: [UInt8] = []
        for name in names.sorted() {
            guard let entry = held.list.entry(named: name), let sealed = held.values[entry.commitment] else { continue }
            values[name] = try key.open(sealed, as: entry, of: app).value
            commitments += entry.commitment.bytes
        }
        return (values, Blake3.hash(commitments).hex)
    }

    private func missing(_ names: [String], of app: AppName) -> [String] {
        let held = held(app)
        return names.filter { name in
            held?.list.entry(named: name).flatMap { held?.values[$0.commitment] } == nil
        }
    }

    /// What is here for the app's present owner.
    func held(_ app: AppName) -> SecretBook.Held? {
        keeper.state.name(app).flatMap { book.held(app, owner: $0.owner) }
    }

    // MARK: Taking

    /// Takes a list and values that are sealed to this node, in the list's order. Durable on return.
    ///
    /// - Parameter isChange: Whether the list must be of a later version than the one that is here.
    /// - Throws: ``SecretsError``.
    @discardableResult
    func take(
        _ list: SecretList, _ values: [Data], isChange: Bool = false
    ) throws(SecretsError) -> SecretBook.Change {
        let state = keeper.state
        guard ServingNodes.of(list.app, state).contains(node) else {
            throw SecretsError(
                .notServing, "Node \(node.short) does not serve \(list.app), so it keeps none of its secrets")
        }
        let record = state.name(list.app)
        var next = book
        let change = try next.offer(
            list, values: SecretKeeper.fitting(values, of: list, key), owner: record?.owner, isChange: isChange)
        guard change != .none, let owner = record?.owner, let held = next.held(list.app, owner: owner) else {
            return change
        }
        // Few and small: the actor waits for the disk, so that the order of lists is that of the files.
        try folder.write(list.app, held)
        book = next
        if change == .list {
            logger.info(
                "an app's secrets changed",
                metadata: [
                    "app": "\(list.app)", "version": "\(list.version)", "secrets": "\(list.entries.count)",
                    "missing": "\(held.missing.count)",
                ])
            listener.withLock { $0 }?(list.app)
        }
        return change
    }

    /// Forgets an app whose secrets this node may not or need not keep any more.
    func forget(_ app: AppName) {
        book.remove(app)
        folder.remove(app)
        fetched[app] = nil
    }

    /// Values that open as what the list says, by commitment.
    private static func fitting(_ values: [Data], of list: SecretList, _ key: SealingKey) -> [Digest: Data] {
        var fitting: [Digest: Data] = [:]
        for (entry, sealed) in zip(list.entries, values) where !sealed.isEmpty {
            if (try? key.open(sealed, as: entry, of: list.app)) != nil { fitting[entry.commitment] = sealed }
        }
        return fitting
    }

    // MARK: Asking

    /// Asks all other nodes that serve the app, unless that was done just now.
    private func fetch(_ app: AppName) async {
        let now = ContinuousClock.now
        if let last = fetched[app], now - last < SecretKeeper.fetchPause { return }
        fetched[app] = now
        let others = ServingNodes.of(app, keeper.state).filter { $0 != node }
        await withDiscardingTaskGroup { group in
            for other in others { group.addTask { await self.fetch(app, from: other) } }
        }
    }

    /// Takes what another node has of an app's secrets.
    func fetch(_ app: AppName, from other: NodeID) async {
        do {
            let answer = try await peers.read(
                other,
                PeerPBReadSecrets.with {
                    $0.app = app.description
                    $0.sealingKey = key.statement.encoded
                })
            let list = try SecretList(decoding: answer.list, network: network)
            guard list.app == app else { return }
            try take(list, answer.values)
        } catch let error as SecretsError where error.code == .stale {
            // The other node is the one that has to catch up.
        } catch {
            logger.debug(
                "another node gave no secrets",
                metadata: ["app": "\(app)", "node": "\(other)", "error": "\(error)"])
        }
    }
}
