import Blake3
import EtcdLog
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging

#if canImport(Glibc)
    import Glibc
#endif

/// One node's ledger under load, for tests that kill it: `ledger-exerciser <folder> <node> sqlite|<host:port,…>`.
///
/// While it orders, its clients submit transfers without a pause. What they try, and what they are told, goes line by
/// line to standard output before anything depends on it:
///
///     try <transaction id>
///     ack <transaction id> <sequence>
///     refused <code>
///     failed <code>
///     halted <code>
@main
struct Exerciser {
    /// Nodes of the network.
    static let nodes = 3
    /// Clients of each node; a client's nonces are its own.
    static let clients = 32
    private static let genesisTime: Int64 = 1_700_000_000_000
    private static let pause = Duration.milliseconds(5)

    let node: Int
    let keeper: LedgerKeeper
    let network: NetworkID

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let node = Int(arguments[2]), (0..<nodes).contains(node) else {
            say("usage: ledger-exerciser <folder> <node 0 to \(nodes - 1)> sqlite|<host:port,…>")
            exit(64)
        }
        let genesis = try Self.genesis()
        let path = arguments[1] + "/ledger\(node).sqlite"
        let quiet = Logger(label: "exerciser") { _ in SwiftLogNoOpLogHandler() }
        var key = try Self.key(1, node)
        if arguments[3] == "sqlite" {
            // Only the genesis' first sequencer orders without a shared log.
            for number in 0..<nodes where try Self.key(1, number).publicKey.node == genesis.sequencers[0] {
                key = try Self.key(1, number)
            }
            let keeper = try await LedgerKeeper.open(
                local: try SQLiteLedgerLog(path: path, genesis: genesis), genesis: genesis, nodeKey: key, logger: quiet)
            await Exerciser(node: node, keeper: keeper, network: genesis.networkID).run()
        } else {
            let members = arguments[3].split(separator: ",").compactMap { Endpoint(String($0)) }
            let cluster = EtcdCluster(
                members: members, requestTimeout: .seconds(1), leaseSeconds: 2, pollInterval: .seconds(1))
            let shared = try EtcdLedger(
                cluster, network: genesis.networkID, node: key.publicKey.node, isCandidate: true, logger: quiet)
            let keeper = try await LedgerKeeper.open(
                local: try SQLiteLedgerLog(path: path, genesis: genesis, durability: .relaxed), shared: shared.log,
                leadership: shared.leadership,
                signatures: try SigningRecord(path: arguments[1] + "/signed\(node).sqlite", network: genesis.networkID),
                genesis: genesis, nodeKey: key, logger: quiet)
            Task { await keeper.run() }
            Task { await shared.leadership.run() }
            await Exerciser(node: node, keeper: keeper, network: genesis.networkID).run()
        }
    }

    /// The same network for every process.
    static func genesis() throws -> Genesis {
        let keys = try (0..<nodes).map { try key(1, $0) }
        let accounts = try (0..<nodes).flatMap { node in
            try (0..<clients).map { GenesisAccount(try client(node, $0).publicKey.account, balance: 1 << 40) }
        }
        let endpoint = try Endpoint(host: "127.0.0.1", port: 1)
        let owner = accounts[0].id
        return try Genesis(
            networkName: "exerciser", timeMilliseconds: genesisTime, accounts: accounts,
            nodes: keys.map { GenesisNode(publicKey: $0.publicKey, operatorAccount: owner, peer: endpoint) },
            sequencers: keys.map(\.publicKey.node))
    }

    private static func key(_ kind: UInt8, _ number: Int) throws -> SigningKey {
        try SigningKey(rawRepresentation: Data([kind, UInt8(number)] + Array(repeating: 0, count: 30)))
    }

    private static func client(_ node: Int, _ number: Int) throws -> SigningKey { try key(2, node * clients + number) }

    private func run() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<Exerciser.clients { group.addTask { try? await submit(as: number) } }
        }
    }

    /// One transfer after the other; one without an answer is submitted again until it has one.
    private func submit(as number: Int) async throws {
        let key = try Exerciser.client(node, number)
        let builder = TransactionBuilder(networkID: network, key: key)
        let receiver = AccountID(Blake3.hash([UInt8(number)]))
        var pending: SignedTransaction?
        while true {
            if let failure = keeper.failure {
                Exerciser.say("halted \(failure.code)")
                return
            }
            guard keeper.isLeading else {
                try await Task.sleep(for: Exerciser.pause)
                continue
            }
            let transfer: SignedTransaction
            if let pending {
                transfer = pending
            } else {
                let nonce = keeper.state.nonce(of: .account(key.publicKey.account)) + 1
                transfer = try builder.sign(.transfer(to: receiver, amount: 1), nonce: nonce)
                Exerciser.say("try \(transfer.id)")
            }
            do {
                let result = try await keeper.submit(transfer.bytes)
                switch result.outcome {
                case .applied: Exerciser.say("ack \(transfer.id) \(result.sequence)")
                case .refused(let error): Exerciser.say("refused \(error.code)")
                }
                pending = nil
            } catch {
                let code = (error as? LedgerLogError)?.code.description ?? "\(error)"
                Exerciser.say("failed \(code)")
                pending = transfer
                try await Task.sleep(for: Exerciser.pause)
            }
        }
    }

    /// One system call a line, so that a kill cuts no line in two.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}
