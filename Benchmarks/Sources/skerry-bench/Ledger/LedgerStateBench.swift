import ArgumentParser
import Crypto
import Foundation
import Identity
import Ledger

/// The state machine alone, on one thread: transfers whose signatures are checked, and checking them.
struct LedgerStateBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger-state", abstract: "Applies transfers whose signatures are checked; checks signatures.")

    private static let signers = 1_000

    @Option(help: "Rounds in which the contenders take turns, 1 to 100.") var rounds = 5
    @Option(help: "Accounts that receive, 1 to 10,000,000.") var accounts = 1_000_000
    @Option(help: "Accounts that exist before the measurement, 0 to 10,000,000.") var existing = 1_000_000
    @Option(help: "Transfers of a round, 256 to 10,000,000.") var transfers = 102_400

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds) and must be 1 to 100") }
        guard (1...10_000_000).contains(accounts), (0...10_000_000).contains(existing),
            (256...10_000_000).contains(transfers)
        else { throw ValidationError("--accounts, --existing and --transfers must be in their ranges") }
    }

    func run() async throws {
        var load = try TransferLoad(signers: Self.signers, receivers: accounts)
        var state = LedgerState(genesis: load.genesis)
        let idle = try Memory.residentMiB()
        var checked = 0
        while checked < existing {
            let count = min(65_536, existing - checked)
            try Self.apply(try await Self.entries(&load, count, after: state), to: &state)
            checked += count
        }
        let full = try Memory.residentMiB()
        print("== the state machine")
        print(
            "  after \(Table.number(Double(existing))) transfers: \(Table.number(Double(state.accountCount))) accounts, "
                + "\(Table.number(full - idle)) MiB resident more than before")
        let before = state
        let entries = try await Self.entries(&load, transfers, after: state)
        let bodies = entries.flatMap { $0.transactions.compactMap { try? $0.get() } }
        var contest = Contest(
            "transfers on one thread, entries of \(Entry.maxTransactions), the root with each", unit: "transfers",
            bases: ["dictionary of balances"])
        contest.add("dictionary of balances") { try await Self.dictionary(bodies) }
        contest.add("ledger state") {
            var state = before
            return try await Sample.timed(Double(bodies.count)) { try Self.apply(entries, to: &state) }
        }
        try await contest.run(rounds: rounds)
        try await signatures(bodies)
    }

    /// Entries of these transfers, with their signatures checked.
    private static func entries(
        _ load: inout TransferLoad, _ count: Int, after state: LedgerState
    ) async throws -> [CheckedEntry] {
        let transactions = try await load.transfers(count)
        var draft = state
        var entries: [CheckedEntry] = []
        for start in stride(from: 0, to: count, by: Entry.maxTransactions) {
            let batch = Array(transactions[start..<min(start + Entry.maxTransactions, count)])
            let entry = try Entry(
                following: draft, transactions: batch, timeMilliseconds: draft.timeMilliseconds, key: load.nodes[0])
            let checked = CheckedEntry(entry, transactions: batch.map { .success($0) })
            try draft.apply(checked)
            entries.append(checked)
        }
        return entries
    }

    private static func apply(_ entries: [CheckedEntry], to state: inout LedgerState) throws {
        for entry in entries {
            let refused = try state.apply(entry).first { !$0.isApplied }
            if let refused { throw BenchError("a transfer was refused: \(refused)") }
        }
        // The last root belongs to the work: every entry's is asked for by the one behind it.
        _ = state.root
    }

    /// The least that a ledger of balances could do: no nonces, no root, no history.
    private static func dictionary(_ transfers: [SignedTransaction]) async throws -> Sample {
        var balances: [AccountID: UInt64] = [:]
        let sample = try await Sample.timed(Double(transfers.count)) {
            for transfer in transfers {
                guard case .transfer(let receiver, let amount) = transfer.action,
                    case .account(let payer) = transfer.signer
                else { continue }
                balances[payer, default: 1 << 40] -= amount
                balances[receiver, default: 0] += amount
            }
        }
        guard balances.values.reduce(0, &+) & 0xf_ffff == 0 else { throw BenchError("units were lost") }
        return sample
    }

    private func signatures(_ transactions: [SignedTransaction]) async throws {
        let some = Array(transactions.prefix(40_960))
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: Data(repeating: 7, count: 32))
        let message = Data(repeating: 1, count: 160)
        let signature = try key.signature(for: message)
        let base = "swift-crypto, \(cores) threads"
        var contest = Contest("checking signatures", unit: "signatures", bases: [base])
        contest.add(base) {
            try await Self.spread(some.count, over: cores) { _ in
                guard key.publicKey.isValidSignature(signature, for: message) else { throw BenchError("invalid") }
            }
        }
        contest.add("transactions decoded and checked, \(cores) threads") {
            try await Self.spread(some.count, over: cores) { _ = try SignedTransaction(decoding: some[$0].bytes) }
        }
        contest.add("swift-crypto, 1 thread") {
            try await Self.spread(some.count / cores, over: 1) { _ in
                guard key.publicKey.isValidSignature(signature, for: message) else { throw BenchError("invalid") }
            }
        }
        try await contest.run(rounds: rounds)
    }

    private static func spread(
        _ count: Int, over width: Int, _ body: @escaping @Sendable (Int) throws -> Void
    ) async throws -> Sample {
        try await Sample.timed(Double(count)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let share = (count + width - 1) / width
                for start in stride(from: 0, to: count, by: share) {
                    group.addTask { for index in start..<min(start + share, count) { try body(index) } }
                }
                try await group.waitForAll()
            }
        }
    }
}
