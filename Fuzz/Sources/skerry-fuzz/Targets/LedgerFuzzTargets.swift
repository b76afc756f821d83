import Foundation
import Identity
import SwiftProtobuf
import Wire

@testable import Ledger

/// Decoders of the ledger. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum LedgerFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    private static let entryDomain = Data("skerry 2026-11 entry\n".utf8)
    private static let transactionDomain = Data("skerry 2026-11 transaction\n".utf8)

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() throws -> [String: Target] {
        let key = try key()
        let state = LedgerState(genesis: try genesis(key))
        let targets: [String: Target] = [
            "genesis": readGenesis,
            "ledger-entry": { entry($0, state, key) },
            "ledger-transaction": { transaction($0, state, key) },
            "ledger-transactions": try history(),
        ]
        return targets.merging(try LedgerProofFuzzTargets.make()) { first, _ in first }
    }

    /// Signs as the sequencer and as an account.
    static func key() throws -> SigningKey {
        try SigningKey(rawRepresentation: Data(repeating: 4, count: PublicKey.byteCount))
    }

    /// A network of one account and one node, which orders.
    static func genesis(_ key: SigningKey) throws -> Genesis {
        try Genesis(
            networkName: "fuzz", timeMilliseconds: 1_700_000_000_000, parameters: NetworkParameters(),
            accounts: [GenesisAccount(key.publicKey.account, balance: 1_000_000)],
            nodes: [
                GenesisNode(
                    publicKey: key.publicKey, operatorAccount: key.publicKey.account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000))
            ],
            sequencers: [key.publicKey.node])
    }

    /// One transaction of a history: who signs, how much later, and a body whose network and nonce are made right.
    struct Step {
        /// Bits 0 and 1: the key. Bit 2: as a node. The rest: hundreds of milliseconds since the step before.
        var selector: UInt8
        var body: LedgerPBTransactionBody

        /// The selector, the body's length in two bytes, and the body.
        var bytes: [UInt8] {
            let body = (try? [UInt8](self.body.serializedData() as Data)) ?? []
            return [selector, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count)] + body
        }
    }

    static let maxSteps = 32

    /// Two operators with a node each, and a stranger.
    static func keys() throws -> [SigningKey] {
        try (4...6).map { try SigningKey(rawRepresentation: Data(repeating: $0, count: PublicKey.byteCount)) }
    }

    /// Where histories begin: short epochs, fees, and money to make.
    static func historyGenesis(_ keys: [SigningKey]) throws -> Genesis {
        var parameters = NetworkParameters()
        parameters.openAccounts = true
        parameters.epochMilliseconds = 1_000
        parameters.channelGraceMilliseconds = 1_000
        parameters.unstakeLockEpochs = 1
        return try Genesis(
            networkName: "fuzz", timeMilliseconds: 0, parameters: parameters,
            accounts: keys.prefix(2).map { GenesisAccount($0.publicKey.account, balance: 1_000_000) },
            nodes: try keys.prefix(2).map {
                GenesisNode(
                    publicKey: $0.publicKey, operatorAccount: $0.publicKey.account,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000), stake: 1_000)
            },
            sequencers: [keys[0].publicKey.node], governors: [keys[0].publicKey.account], isDevelopment: true)
    }

    /// Executes a history of transactions and counts all units at its end.
    private static func history() throws -> Target {
        let keys = try keys()
        let start = LedgerState(genesis: try historyGenesis(keys))
        return { input in
            var rest = input[...]
            var state = start
            var time: Int64 = 0
            for _ in 0..<maxSteps {
                guard rest.count > 3 else { break }
                let head = rest.prefix(3).map(Int.init)
                let bytes = Data(rest.dropFirst(3).prefix(head[1] << 8 | head[2]))
                rest = rest.dropFirst(3 + bytes.count)
                time += Int64(head[0] >> 3) * 100
                guard let transaction = sign(bytes, head[0], state, keys) else { continue }
                let before = state.root
                let outcome = state.execute(transaction, timeMilliseconds: time)
                if outcome.isApplied == (state.root == before) { return "\(outcome), but the root says otherwise" }
            }
            return state.audit().problems.first
        }
    }

    private static func sign(
        _ bytes: Data, _ selector: Int, _ state: LedgerState, _ keys: [SigningKey]
    ) -> SignedTransaction? {
        guard var body = try? LedgerPBTransactionBody(serializedBytes: bytes) else { return nil }
        let key = keys[min(selector & 3, keys.count - 1)]
        let signer: Signer = selector & 4 == 0 ? .account(key.publicKey.account) : .node(key.publicKey.node)
        body.networkID = state.networkID.digest.data
        body.signerKind = selector & 4 == 0 ? .account : .node
        body.nonce = state.nonce(of: signer) + 1
        return try? SignedTransaction(signing: body, with: key)
    }

    private static func readGenesis(_ input: [UInt8]) -> String? {
        guard let genesis = try? Genesis(decoding: Data(input)) else { return nil }
        _ = LedgerState(genesis: genesis)
        return nil
    }

    /// An even first byte: an entry as it is. An odd one: a header that the sequencer signed, and transactions.
    private static func entry(_ input: [UInt8], _ state: LedgerState, _ key: SigningKey) -> String? {
        guard let mode = input.first else { return nil }
        var bytes = Data(input.dropFirst())
        if mode & 1 == 1 {
            guard var message = try? LedgerPBEntry(serializedBytes: bytes),
                let signature = try? key.sign(entryDomain + message.header)
            else { return nil }
            message.signature = signature
            guard let signed = try? message.serializedData() else { return nil }
            bytes = signed
        }
        guard let entry = try? Entry(decoding: bytes) else { return nil }
        var next = state
        guard (try? next.apply(entry)) != nil else { return nil }
        return next.sequence == state.sequence + 1 ? nil : "an entry moved the ledger to \(next.sequence)"
    }

    /// An even first byte: a transaction as it is. An odd one: a body that an account signed.
    private static func transaction(_ input: [UInt8], _ state: LedgerState, _ key: SigningKey) -> String? {
        guard let mode = input.first else { return nil }
        var bytes = Data(input.dropFirst())
        if mode & 1 == 1 {
            guard let signature = try? key.sign(transactionDomain + bytes) else { return nil }
            let message = LedgerPBTransaction.with {
                $0.body = bytes
                $0.publicKey = key.publicKey.bytes
                $0.signature = signature
            }
            guard let signed = try? message.serializedData() else { return nil }
            bytes = signed
        }
        guard let transaction = try? SignedTransaction(decoding: bytes) else { return nil }
        var next = state
        _ = next.execute(transaction, timeMilliseconds: Int64(mode) << 55)
        return nil
    }
}
