import Blake3
import Foundation
import Identity
import Ledger

/// A network, and as many signed transfers on it as a benchmark wants; equal seeds give equal ones.
///
/// Every transfer goes to a random one of many accounts, which begins to exist with the first.
struct TransferLoad {
    static let genesisTime: Int64 = 1_700_000_000_000

    let genesis: Genesis
    let nodes: [SigningKey]
    private let signers: [SigningKey]
    private let builders: [TransactionBuilder]
    /// How many accounts may receive.
    private let receivers: Int
    private var nonces: [UInt64]
    private var next = 0
    private var random: SplitMix

    /// - Parameters:
    ///   - signers: Accounts that pay, in turns.
    ///   - receivers: Accounts that are paid.
    ///   - nodes: How many nodes the network has; all of them may order.
    init(signers signerCount: Int, receivers: Int, nodes nodeCount: Int = 1, seed: UInt64 = 1) throws {
        signers = try (0..<signerCount).map { try TransferLoad.key(1, $0) }
        nodes = try (0..<nodeCount).map { try TransferLoad.key(2, $0) }
        let operatorAccount = signers[0].publicKey.account
        var parameters = NetworkParameters()
        // No checkpoint in between: a benchmark has no committee.
        parameters.checkpointEntries = 1_000_000
        parameters.checkpointMilliseconds = 1 << 40
        genesis = try Genesis(
            networkName: "benchmark", timeMilliseconds: TransferLoad.genesisTime, parameters: parameters,
            accounts: signers.map { GenesisAccount($0.publicKey.account, balance: 1 << 40) },
            nodes: try nodes.map {
                GenesisNode(
                    publicKey: $0.publicKey, operatorAccount: operatorAccount,
                    peer: try Endpoint(host: "127.0.0.1", port: 7_000))
            },
            sequencers: nodes.map(\.publicKey.node))
        let network = genesis.networkID
        builders = signers.map { TransactionBuilder(networkID: network, key: $0) }
        self.receivers = receivers
        nonces = Array(repeating: 0, count: signerCount)
        random = SplitMix(seed)
    }

    /// The next transfers, signed on all cores.
    mutating func transfers(_ count: Int) async throws -> [SignedTransaction] {
        let orders = (0..<count).map { _ in order() }
        let width = max(
            1, (count + ProcessInfo.processInfo.activeProcessorCount - 1) / ProcessInfo.processInfo.activeProcessorCount
        )
        return try await withThrowingTaskGroup(of: (Int, [SignedTransaction]).self) { [builders] group in
            for start in stride(from: 0, to: count, by: width) {
                group.addTask {
                    let part = try orders[start..<min(start + width, count)].map { order in
                        try builders[order.signer].sign(.transfer(to: order.receiver, amount: 1), nonce: order.nonce)
                    }
                    return (start, part)
                }
            }
            var parts: [Int: [SignedTransaction]] = [:]
            for try await (start, part) in group { parts[start] = part }
            return parts.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    private struct Order {
        let signer: Int
        let nonce: UInt64
        let receiver: AccountID
    }

    private mutating func order() -> Order {
        let signer = next
        next = (next + 1) % signers.count
        nonces[signer] += 1
        let receiver = Int(truncatingIfNeeded: random.next() % UInt64(receivers))
        let id = withUnsafeBytes(of: UInt64(receiver).littleEndian) { Blake3.hash($0) }
        return Order(signer: signer, nonce: nonces[signer], receiver: AccountID(id))
    }

    private static func key(_ kind: UInt8, _ number: Int) throws -> SigningKey {
        let bytes = withUnsafeBytes(of: UInt64(number).littleEndian) { Data($0) }
        return try SigningKey(rawRepresentation: Data(repeating: kind, count: 24) + bytes)
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct SplitMix {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
