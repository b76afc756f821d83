import Blake3
import Foundation
import Identity
import Synchronization
import Testing

@testable import Ledger

/// Random histories of right and wrong transactions of every kind: checked step by step, replayed and rebuilt.
@Suite struct RandomHistoryTests {
    private static let entriesPerHistory = 90
    private static let seeds: ClosedRange<UInt64> = 1...8

    /// What histories consisted of and what was checked of them.
    private struct Tally: Sendable, CustomStringConvertible {
        var histories = 0
        var entries = 0
        var transactions = 0
        var applied = 0
        var refused: [String: Int] = [:]
        /// How often all units were counted and every counter, and compared with the supply.
        var audits = 0
        /// How often the root of a history was compared with that of another state that must be equal.
        var roots = 0

        mutating func add(_ outcome: Outcome) {
            transactions += 1
            if let code = outcome.refusal?.code { refused["\(code)", default: 0] += 1 } else { applied += 1 }
        }

        mutating func add(_ other: Tally) {
            histories += other.histories
            entries += other.entries
            transactions += other.transactions
            applied += other.applied
            refused.merge(other.refused, uniquingKeysWith: +)
            audits += other.audits
            roots += other.roots
        }

        var description: String {
            let codes = refused.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
            return "\(histories) histories, \(entries) entries, \(transactions) transactions, \(applied) applied, "
                + "\(transactions - applied) refused (\(codes.joined(separator: ", "))); units and counters audited "
                + "\(audits) times (each transaction, each entry), roots of equal states compared \(roots) times (each "
                + "refusal, each entry replayed from its bytes, each history rebuilt)"
        }
    }

    private static let total = Mutex(Tally())

    @Test(arguments: seeds) func everyStepKeepsTheRules(seed: UInt64) throws {
        var world = try world(seed)
        var actions = try RandomActions(seed: seed, world)
        var replica = world.state
        var tally = Tally()
        for _ in 0..<RandomHistoryTests.entriesPerHistory {
            let time = world.state.timeMilliseconds + pick([0, 1, 130, 600], &actions.random)
            var draft = world
            var root = draft.state.root
            var batch: [SignedTransaction] = []
            for _ in 0..<Int.random(in: 0...12, using: &actions.random) {
                let transaction = try actions.next(draft, timeMilliseconds: time)
                let before = draft.state
                let outcome = draft.state.execute(transaction, timeMilliseconds: time)
                let after = draft.state.root
                #expect(outcome.isApplied != (after == root), "\(outcome) of \(transaction.action)")
                root = after
                check(transaction, outcome, before, draft.state, time)
                #expect(draft.state.audit().problems == [], "after \(transaction.action)")
                tally.add(outcome)
                tally.audits += 1
                tally.roots += outcome.isApplied ? 0 : 1
                batch.append(transaction)
            }
            let entry = try Entry(
                following: world.state, transactions: batch, timeMilliseconds: time, key: world.sequencer)
            let outcomes = try world.state.apply(entry)
            #expect(outcomes.count == batch.count)
            #expect(StateHeader(world.state).tables == StateHeader(draft.state).tables)
            #expect(world.state.audit().problems == [])
            try replica.apply(Entry(decoding: entry.bytes))
            #expect(replica.root == world.state.root)
            #expect(replica.checkpoint == world.state.checkpoint)
            checkReleases(world.state)
            tally.entries += 1
            tally.audits += 1
            tally.roots += 1
        }
        #expect(rebuilt(world.state, &actions.random).root == world.state.root)
        tally.roots += 1
        tally.histories = 1
        #expect(world.state.chain.appliedCount == UInt64(tally.applied))
        #expect(world.state.chain.refusedCount == UInt64(tally.transactions - tally.applied))
        #expect(tally.applied > tally.transactions / 5)
        print("random history \(seed), \(world.state.epoch.number) epochs: \(tally)")
        RandomHistoryTests.total.withLock { total in
            total.add(tally)
            if total.histories == RandomHistoryTests.seeds.count { print("random histories: \(total)") }
        }
    }

    private func world(_ seed: UInt64) throws -> World {
        var world = try World { parameters in
            parameters.releasesKeptPerName = 3
            parameters.namesPerAccount = 3
            parameters.domainsPerName = 2
            parameters.openAccounts = seed % 2 == 0
            parameters.accounts = 8
            parameters.epochMilliseconds = 1_000
            parameters.unstakeLockEpochs = 1
            parameters.channelGraceMilliseconds = 300
            parameters.beaconPenalty = 5
            parameters.transactionFee = seed % 3
        }
        world.state.proofCheck = .hashes
        for key in [world.sequencer, world.helper, world.stranger] {
            try world.run(.transfer(to: key.publicKey.account, amount: 100_000), by: world.alice)
        }
        return world
    }

    private func pick(_ values: [Int64], _ random: inout SeededRandom) -> Int64 {
        values[Int.random(in: values.indices, using: &random)]
    }

    /// What one transaction may change.
    private func check(
        _ transaction: SignedTransaction, _ outcome: Outcome, _ before: LedgerState, _ after: LedgerState, _ time: Int64
    ) {
        guard outcome.isApplied else { return }
        let permissions = Permissions(state: before, signer: transaction.signer, timeMilliseconds: time)
        #expect(permissions.allow(transaction.action), "\(transaction.signer) did \(transaction.action)")
        #expect(after.nonce(of: transaction.signer) == before.nonce(of: transaction.signer) + 1)
        for old in before.accounts where transaction.signer != .account(old.id) {
            #expect((after.account(old.id)?.balance ?? 0) >= old.balance, "\(old.id) lost by \(transaction.action)")
            #expect(after.account(old.id)?.nonce == old.nonce)
        }
        for old in before.channels {
            let isOver = after.channel(old.id).map { $0.settled < old.settled } ?? false
            #expect(!isOver, "a channel's payments went back by \(transaction.action)")
        }
        for old in before.machineLeases {
            guard let new = after.machineLease(of: old.slot) else {
                Issue.record("the lease of \(old.slot) is gone by \(transaction.action)")
                continue
            }
            if new == old { continue }
            #expect(transaction.signer == .node(new.holder), "\(transaction.signer) changed \(old)")
            // At most one holder: another one only after the end, and never with a fence of before.
            #expect(new.fence == old.fence + (old.isHeld(at: time) ? 0 : 1))
            #expect(new.holder == old.holder || !old.isHeld(at: time), "\(old) was taken away")
        }
    }

    private func checkReleases(_ state: LedgerState) {
        var releases = 0
        for name in state.names {
            #expect(name.releases.count <= Int(state.parameters.releasesKeptPerName))
            #expect(Set(name.liveHistory).isSubset(of: Set(name.releases)))
            if let candidate = name.candidate {
                #expect(name.releases.contains(candidate.release) && candidate.release != name.live)
                #expect((1...99).contains(candidate.percent))
            }
            #expect(state.releases(of: name.name).count == name.releases.count)
            releases += name.releases.count
        }
        #expect(state.releaseTable.count == releases)
        #expect(state.anchorTable.count == state.channels.reduce(0) { $0 + $1.chains.count })
    }

    /// The same rows put into empty tables in a random order.
    private func rebuilt(_ state: LedgerState, _ random: inout SeededRandom) -> LedgerState {
        var copy = state
        var shuffle = Shuffle(random: random)
        copy.visitTables(&shuffle)
        random = shuffle.random
        return copy
    }

    private struct Shuffle: LedgerTableVisitor {
        var random: SeededRandom

        mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) throws(Never) {
            let rows = table.rows.shuffled(using: &random)
            table = MerkleTable()
            for row in rows { table.put(row) }
        }
    }
}
