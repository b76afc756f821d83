import Foundation
import Identity
import Ledger
import LedgerLog
import Logging

/// A network with known keys for the keeper's tests, and keepers of it.
struct Network {
    static let genesisTime: Int64 = 1_700_000_000_000

    let alice: SigningKey
    let bob: SigningKey
    let sequencer: SigningKey
    let follower: SigningKey
    let genesis: Genesis

    init(replicas: UInt32 = 2) throws {
        alice = try Network.key(1)
        bob = try Network.key(2)
        sequencer = try Network.key(3)
        follower = try Network.key(4)
        var parameters = NetworkParameters()
        parameters.openAccounts = true
        parameters.replicas = replicas
        let account = alice.publicKey.account
        genesis = try Genesis(
            networkName: "test", timeMilliseconds: Network.genesisTime, parameters: parameters, accounts: [account],
            nodes: [
                GenesisNode(
                    publicKey: sequencer.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000)),
                GenesisNode(
                    publicKey: follower.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_001)),
            ],
            sequencer: sequencer.publicKey.node)
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
        _ log: any LedgerLog, settings: LedgerKeeper.Settings = .init(), clock: any Clock<Duration> = ContinuousClock(),
        time: Int64 = genesisTime + 5
    ) async throws -> LedgerKeeper {
        try await LedgerKeeper.open(
            log: log, genesis: genesis, nodeKey: sequencer, settings: settings, clock: clock, now: { time },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// A keeper on another node over `log`.
    func follow(_ log: any LedgerLog) async throws -> LedgerKeeper {
        try await LedgerKeeper.open(
            log: log, genesis: genesis, nodeKey: follower, now: { Network.genesisTime },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Entries of one claim each, made without a keeper.
    func entries(_ names: [String], after start: LedgerState? = nil, time: Int64 = 1) throws -> [Entry] {
        var state = start ?? LedgerState(genesis: genesis)
        var entries: [Entry] = []
        for name in names {
            let nonce = state.nonce(of: .account(alice.publicKey.account)) + 1
            let transaction = try SignedTransaction(decoding: claim(name, nonce: nonce))
            let entry = try Entry(
                following: state, transactions: [transaction], timeMilliseconds: Network.genesisTime + time,
                key: sequencer)
            try state.apply(entry)
            entries.append(entry)
        }
        return entries
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
