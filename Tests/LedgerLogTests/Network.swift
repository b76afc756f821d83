import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Testing

/// A network with known keys for the keeper's tests, and keepers of it.
struct Network {
    static let genesisTime: Int64 = 1_700_000_000_000

    let alice: SigningKey
    let bob: SigningKey
    let sequencer: SigningKey
    let follower: SigningKey
    let genesis: Genesis

    /// With `shared`, the follower may order transactions too.
    init(replicas: UInt32 = 2, shared: Bool = false, checkpointEntries: UInt64 = 1_000) throws {
        alice = try Network.key(1)
        bob = try Network.key(2)
        sequencer = try Network.key(3)
        follower = try Network.key(4)
        var parameters = NetworkParameters()
        parameters.openAccounts = true
        parameters.replicas = replicas
        parameters.checkpointEntries = checkpointEntries
        let account = alice.publicKey.account
        genesis = try Genesis(
            networkName: "test", timeMilliseconds: Network.genesisTime, parameters: parameters,
            accounts: [GenesisAccount(account)],
            nodes: [
                GenesisNode(
                    publicKey: sequencer.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000)),
                GenesisNode(
                    publicKey: follower.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_001)),
            ],
            sequencers: [sequencer.publicKey.node] + (shared ? [follower.publicKey.node] : []))
    }

    static func key(_ number: UInt16) throws -> SigningKey {
        try SigningKey(
            rawRepresentation: Data(repeating: UInt8(number >> 8), count: 16)
                + Data(repeating: UInt8(number & 255), count: 16))
    }

    static func name(_ text: String) throws -> AppName { try AppName(checking: text) }

    func claim(_ name: String, nonce: UInt64, by key: SigningKey? = nil, validUntil: Int64? = nil) throws -> Data {
        let builder = TransactionBuilder(networkID: genesis.networkID, key: key ?? alice)
        return try builder.sign(
            .claimName(Network.name(name)), nonce: nonce, validUntilMilliseconds: validUntil
        ).bytes
    }

    /// A keeper on the sequencer over `log`.
    func leader(
        _ log: any LocalLedgerLog, settings: LedgerKeeper.Settings = .init(),
        clock: any Clock<Duration> = ContinuousClock(), time: Int64 = genesisTime + 5,
        now: (@Sendable () -> Int64)? = nil
    ) async throws -> LedgerKeeper {
        try await open(sequencer, log, settings: settings, clock: clock, time: time, now: now)
    }

    /// A keeper on another node over `log`.
    func follow(_ log: any LocalLedgerLog) async throws -> LedgerKeeper { try await open(follower, log) }

    /// A keeper on the node of `key`, whose wall clock stands still at `time` unless `now` is given.
    func open(
        _ key: SigningKey, _ log: any LocalLedgerLog, shared: (any LedgerLog)? = nil,
        leadership: (any Leadership)? = nil, signatures: SigningRecord? = nil, snapshot: LedgerState? = nil,
        settings: LedgerKeeper.Settings = .init(), clock: any Clock<Duration> = ContinuousClock(),
        time: Int64 = genesisTime, now: (@Sendable () -> Int64)? = nil, reports: Reports? = nil
    ) async throws -> LedgerKeeper {
        try await LedgerKeeper.open(
            local: log, shared: shared, leadership: leadership, signatures: signatures, genesis: genesis,
            snapshot: snapshot, nodeKey: key, settings: settings, clock: clock, now: now ?? { time },
            logger: Logger(label: "test", factory: { _ in reports?.handler ?? SwiftLogNoOpLogHandler() }))
    }

    /// The certificate of a checkpoint by both nodes.
    func certificate(_ checkpoint: Checkpoint, _ committee: Committee) throws -> Certificate {
        var collector = CertificateCollector(checkpoint: checkpoint, committee: committee)
        for key in [sequencer, follower] { _ = collector.add(try CheckpointVote(signing: checkpoint, with: key)) }
        guard let certificate = collector.certificate else {
            throw LedgerLogError(.badSnapshot, "Both nodes' votes are no certificate of \(checkpoint.sequence)")
        }
        return certificate
    }

    /// What the sequencer's node signs.
    func node(_ action: LedgerAction, nonce: UInt64) throws -> Data {
        try TransactionBuilder(networkID: genesis.networkID, key: sequencer, as: .node).sign(action, nonce: nonce).bytes
    }

    /// Entries of one claim each, made without a keeper.
    func entries(
        _ names: [String], after start: LedgerState? = nil, time: Int64 = 1, by signer: SigningKey? = nil
    ) throws -> [Entry] {
        var state = start ?? LedgerState(genesis: genesis)
        var entries: [Entry] = []
        for name in names {
            let nonce = state.nonce(of: .account(alice.publicKey.account)) + 1
            let transaction = try SignedTransaction(decoding: claim(name, nonce: nonce))
            let entry = try Entry(
                following: state, transactions: [transaction], timeMilliseconds: Network.genesisTime + time,
                key: signer ?? sequencer)
            try state.apply(entry)
            entries.append(entry)
        }
        return entries
    }
}

extension LedgerState {
    /// The state after entries that fit.
    func after(_ entries: [Entry]) throws -> LedgerState {
        var state = self
        for entry in entries { try state.apply(entry) }
        return state
    }

    /// What a snapshot of this state is named by.
    var base: LogBase {
        LogBase(
            sequence: sequence, hash: headHash, stateRoot: root, snapshot: BlobID(headHash), snapshotByteCount: 7,
            certificate: Data([1, 2, 3]))
    }
}

/// Waits for what happens on its own.
func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        try #require(ContinuousClock.now < deadline, "it takes more than a minute")
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A folder that is removed when the test lets go of it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/skerry-ledger-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String = "ledger.sqlite") -> String { path + "/" + name }

    /// A log in this folder, which stays as long as the log does.
    func log(_ network: Network, _ name: String = "ledger.sqlite") throws -> FaultyLog {
        FaultyLog(try SQLiteLedgerLog(path: file(name), genesis: network.genesis), folder: self)
    }
}

/// The code of what `body` throws; nil if it throws nothing or something else.
func code(_ body: () async throws -> Void) async -> LedgerLogError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? LedgerLogError)?.code
    }
}
