import AckProofs
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging

/// Executes settled batches again, long after the ledger took them for their proofs: every chain is hashed from its new
/// link to its old one. A proof that is valid and wrong would mean that the proof system is broken; this finds it.
///
/// Every node does so by itself, one batch at a time at low priority. How far it came is kept in a file, so that a restart
/// goes on there.
actor SettlementRehash {
    /// A batch whose proof is valid and that is false.
    struct Fault: Sendable, Equatable {
        /// The entry that has it.
        let sequence: UInt64
        let transaction: TransactionID
        let payee: NodeID
        let channel: ChannelID
        let evidence: FaultEvidence
    }

    /// No transaction with a proof is smaller: others are not even decoded.
    static let leastByteCount = 8_192
    /// Entries that are read at once.
    private static let pageLimit = 64
    /// How long to wait before reading again what could not be read.
    private static let retryPause = Duration.seconds(5)

    private let keeper: LedgerKeeper
    private let file: String
    private let metrics: SettlementMetrics
    private let logger: Logger
    private let (faultStream, faultSink) = AsyncStream.makeStream(
        of: FaultEvidence.self, bufferingPolicy: .bufferingNewest(16))

    /// - Parameter file: Where it keeps how far it came.
    init(keeper: LedgerKeeper, file: String, metrics: SettlementMetrics, logger: Logger) {
        self.keeper = keeper
        self.file = file
        self.metrics = metrics
        self.logger = logger
    }

    /// Evidence for the ledger. For one reader.
    nonisolated var faults: AsyncStream<FaultEvidence> { faultStream }

    /// Runs until cancelled. Call it once.
    func run() async {
        var checked = SettlementRehash.read(file)
        var kept = checked
        // A slow reader gets the newest only, however long a batch takes.
        var changes = keeper.changes().makeAsyncIterator()
        repeat {
            while checked < keeper.state.sequence, !Task.isCancelled {
                do {
                    let (last, hasProofs) = try await check(after: checked)
                    guard last > checked else { break }
                    checked = last
                    // An entry without proofs is looked at again for nothing.
                    if hasProofs || checked > kept + 1_000 { kept = try keep(checked) }
                } catch let error as LedgerLogError where error.code == .truncated {
                    // A snapshot stands for them.
                    guard let base = try? await keeper.base(), base.sequence > checked else { break }
                    checked = base.sequence
                } catch {
                    if Task.isCancelled { return faultSink.finish() }
                    logger.warning("settled batches cannot be read", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: SettlementRehash.retryPause)
                }
            }
        } while await changes.next(isolation: #isolation) != nil
        faultSink.finish()
    }

    private func check(after sequence: UInt64) async throws -> (last: UInt64, hasProofs: Bool) {
        let entries = try await keeper.entries(from: sequence + 1, limit: SettlementRehash.pageLimit)
        var (last, hasProofs) = (sequence, false)
        for bytes in entries {
            let entry = try Entry(decoding: bytes)
            for transaction in entry.transactions where transaction.count >= SettlementRehash.leastByteCount {
                guard let steps = try await rehash(transaction, in: entry.sequence) else { continue }
                hasProofs = true
                logger.debug(
                    "hashed a settled batch again", metadata: ["entry": "\(entry.sequence)", "steps": "\(steps)"])
            }
            last = entry.sequence
        }
        return (last, hasProofs)
    }

    /// The steps of a settled batch; nil for what is none.
    private func rehash(_ bytes: Data, in sequence: UInt64) async throws -> UInt64? {
        let network = keeper.state.networkID
        let (steps, fault) = try await LowPriority.run { isCancelled in
            let result = SettlementRehash.check(bytes, in: sequence, network: network, isCancelled: isCancelled)
            if isCancelled() { throw CancellationError() }
            return result
        }
        guard steps > 0 else { return nil }
        metrics.count(rehashed: steps, isTrue: fault == nil)
        if let fault {
            logger.critical(
                """
                A settled batch is false although its proof is valid: the proof system is broken. The ledger closes the \
                proof lane when it has the evidence
                """,
                metadata: [
                    "entry": "\(fault.sequence)", "transaction": "\(fault.transaction)", "payee": "\(fault.payee)",
                    "channel": "\(fault.channel)",
                ])
            faultSink.yield(fault.evidence)
        }
        return steps
    }

    /// Hashes what a transaction's proof settled: how many steps, and the first of them that is wrong. 0 steps for a
    /// transaction that settles nothing by a valid proof, and so was refused if it tried.
    static func check(
        _ bytes: Data, in sequence: UInt64, network: NetworkID,
        verify: (Data, [Settlement], NetworkID) throws(LedgerError) -> Void = {
            (proof, settlements, network) throws(LedgerError) in
            try SettlementProof.verify(proof, of: settlements, network: network)
        }, isCancelled: () -> Bool = { false }
    ) -> (steps: UInt64, fault: Fault?) {
        guard let transaction = try? SignedTransaction(decoding: bytes), case .node(let payee) = transaction.signer,
            case .settleChannels(let settlements, let proof) = transaction.action, !proof.isEmpty,
            (try? verify(proof, settlements, network)) != nil
        else { return (0, nil) }
        let proven = settlements.indices.filter { if case .proof = settlements[$0].lane { true } else { false } }
        let claims = SettlementProof.claims(of: settlements)
        let steps = claims.reduce(UInt64(0)) { $0 &+ $1.steps }
        guard let wrong = LinkRehash.firstFalse(claims, isCancelled: isCancelled) else { return (steps, nil) }
        let index = proven[wrong]
        return (
            steps,
            Fault(
                sequence: sequence, transaction: transaction.id, payee: payee, channel: settlements[index].channel,
                evidence: .falseSettlement(transaction: bytes, index: UInt32(index)))
        )
    }

    // MARK: How far

    private static func read(_ file: String) -> UInt64 {
        guard let bytes = FileManager.default.contents(atPath: file) else { return 0 }
        return UInt64(String(decoding: bytes.prefix(20), as: UTF8.self)) ?? 0
    }

    private func keep(_ sequence: UInt64) throws -> UInt64 {
        try Data("\(sequence)".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        return sequence
    }
}
