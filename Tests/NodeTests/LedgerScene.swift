import Foundation
import Identity
import Ledger
import LedgerLog
import Logging

@testable import Node

/// A network of a few nodes with known keys and a short way from entry to checkpoint, and one node's keeper of it.
struct LedgerScene {
    static let start: Int64 = 1_700_000_000_000

    let keys: [SigningKey]
    let owner = SigningKey()
    let genesis: Genesis

    /// - Parameter sequencers: The first ones of the nodes.
    init(nodes: Int, sequencers: Int = 1, checkpointEntries: UInt64 = 1) throws {
        keys = (0..<nodes).map { _ in SigningKey() }
        var parameters = NetworkParameters()
        parameters.openAccounts = true
        parameters.checkpointEntries = checkpointEntries
        let account = owner.publicKey.account
        genesis = try Genesis(
            networkName: "scene", timeMilliseconds: Self.start, parameters: parameters,
            accounts: [GenesisAccount(account, balance: 1_000)],
            nodes: keys.enumerated().map { index, key in
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: account,
                    peer: try Endpoint(host: "10.0.0.\(index + 1)", port: 7_000), stake: 100)
            }, sequencers: keys.prefix(sequencers).map { $0.publicKey.node })
    }

    var nodes: [NodeID] { keys.map { $0.publicKey.node } }

    func keeper(of index: Int, in folder: String) async throws -> LedgerKeeper {
        let id = genesis.networkID
        return try await LedgerKeeper.open(
            local: try SQLiteLedgerLog(path: folder + "/\(index).sqlite", genesis: genesis),
            signatures: try SigningRecord(path: folder + "/\(index)-signed.sqlite", network: id), genesis: genesis,
            nodeKey: keys[index], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func claim(_ number: UInt64) throws -> Data {
        try TransactionBuilder(networkID: genesis.networkID, key: owner)
            .sign(.claimName(AppName(checking: "n\(number)")), nonce: number).bytes
    }

    /// Gives `body` a folder and removes it afterwards.
    static func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "skerry-node-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }
}

/// Waits for what happens on its own.
func eventually(_ condition: () async -> Bool) async throws {
    while await !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
