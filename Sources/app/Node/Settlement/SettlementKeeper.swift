import AckProofs
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging

/// Cashes what clients acknowledged to this node: it carries out what ``SettlementPlan`` decides.
///
/// It keeps nothing itself. What is to be settled follows from the acknowledgments, which are durable before it sees them,
/// and from the ledger; a batch that was being proven when the node stopped is composed and proven again.
actor SettlementKeeper {
    /// What clients acknowledged, all of it durable.
    typealias Acknowledged = @Sendable () async -> [AcknowledgedChain]
    /// Brings a signed transaction onto the ledger; returns when this node applied it.
    typealias Submit = @Sendable (Data) async throws -> Void

    /// Between two looks at what is pending.
    static let look = Duration.seconds(1)
    /// How long a transaction of these may be on its way, in milliseconds; later it is composed anew.
    private static let validity: Int64 = 60_000
    /// Nonces that may be another duty's, until the batch is put off.
    private static let nonceAttempts = 8
    /// Callers that wait for the end of a round at most.
    private static let maxWaiters = 64

    private let node: NodeID
    private let keeper: LedgerKeeper
    private let builder: TransactionBuilder
    private let acknowledged: Acknowledged
    private let submit: Submit
    private let prover = SettlementProver()
    private let pause: Duration
    private let now: @Sendable () -> Int64
    private let logger: Logger
    nonisolated let metrics: SettlementMetrics
    private var plan: SettlementPlan
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(
        key: SigningKey, keeper: LedgerKeeper, policy: SettlementPlan.Policy = .init(),
        look: Duration = SettlementKeeper.look,
        metrics: SettlementMetrics, logger: Logger, acknowledged: @escaping Acknowledged, submit: @escaping Submit,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        node = key.publicKey.node
        self.keeper = keeper
        self.acknowledged = acknowledged
        self.submit = submit
        self.metrics = metrics
        self.logger = logger
        self.now = now
        pause = look
        plan = SettlementPlan(policy: policy)
        builder = TransactionBuilder(networkID: keeper.state.networkID, key: key, as: .node)
    }

    /// Settles until cancelled. Call it once.
    func run() async {
        while !Task.isCancelled {
            let isDone = await settleOnce()
            if isDone { try? await Task.sleep(for: plan.isInRound ? pause / 4 : pause) }
        }
        finishRound()
    }

    /// Asks for everything to be settled now and waits until it is, or until a batch failed, or `timeout` is over.
    func settle(timeout: Duration) async {
        plan.startRound()
        guard waiters.count < SettlementKeeper.maxWaiters else { return }
        let timer = Task {
            try? await Task.sleep(for: timeout)
            self.finishRound()
        }
        await withCheckedContinuation { waiters.append($0) }
        timer.cancel()
    }

    private func finishRound() {
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resume() }
    }

    /// True if nothing is due.
    private func settleOnce() async -> Bool {
        guard keeper.failure == nil else { return true }
        let chains = await acknowledged()
        let view = SettlementView(keeper.state, node, chains, now: now())
        metrics.count(pending: view.pending)
        guard let batch = plan.next(view, now: now()) else {
            if !plan.isInRound { finishRound() }
            return true
        }
        let end = await carryOut(batch)
        plan.ended(end, now: now())
        guard end != .applied else { return false }
        metrics.countFailure(batch, end)
        finishRound()
        return true
    }

    private func carryOut(_ batch: SettlementBatch) async -> SettlementPlan.End {
        let settlements: [Settlement]
        var proof = Data()
        do {
            settlements = try await LowPriority.run { _ in batch.settlements() }
            if batch.isProven { proof = try await prove(settlements) }
        } catch {
            if !Task.isCancelled {
                logger.error("a settlement could not be proven", metadata: ["error": "\(error)"])
            }
            return .notProven
        }
        let before = paid(batch)
        for _ in 0..<SettlementKeeper.nonceAttempts where !Task.isCancelled {
            do {
                let transaction = try builder.sign(
                    .settleChannels(settlements, proof: proof), nonce: keeper.state.nonce(of: .node(node)) &+ 1,
                    validUntilMilliseconds: max(now(), keeper.state.timeMilliseconds)
                        .plus(SettlementKeeper.validity))
                try await submit(transaction.bytes)
                let after = paid(batch)
                metrics.count(batch, units: after.units &- before.units, value: after.value &- before.value)
                logger.info(
                    "settled",
                    metadata: [
                        "lane": "\(batch.lane)", "settlements": "\(settlements.count)", "steps": "\(batch.steps)",
                        "value": "\(after.value &- before.value)", "transaction": "\(transaction.id)",
                    ])
                return .applied
            } catch let error as LedgerError where error.code == .badNonce {
                continue
            } catch let error as LedgerError {
                tell(of: error, batch)
                return .refused
            } catch {
                logger.debug("a settlement has to wait", metadata: ["error": "\(error)"])
                return .notTaken
            }
        }
        return .notTaken
    }

    private func prove(_ settlements: [Settlement]) async throws -> Data {
        let claims = SettlementProof.claims(of: settlements)
        let context = SettlementProof.context(network: keeper.state.networkID, settlements: settlements)
        let (proof, duration) = try await prover.prove(claims, context: context)
        metrics.count(proofOf: claims.reduce(0) { $0 + $1.steps }, in: duration)
        return Data(proof)
    }

    private func tell(of error: LedgerError, _ batch: SettlementBatch) {
        // What was closed or settled meanwhile is no fault of anybody; a proof that the ledger does not believe is ours.
        let isFault = error.code == .badSettlement
        logger.log(
            level: isFault ? .critical : .notice,
            isFault ? "the ledger does not believe this node's settlement" : "a settlement was refused",
            metadata: ["lane": "\(batch.lane)", "channel": "\(batch.parts[0].chain.channel)", "error": "\(error)"])
    }

    /// Units and money that the ledger has paid on the batch's chains. A channel that was closed meanwhile counts nothing.
    private func paid(_ batch: SettlementBatch) -> (units: UInt64, value: UInt64) {
        let state = keeper.state
        var sum: (units: UInt64, value: UInt64) = (0, 0)
        var seen: Set<ChainKey> = []
        for part in batch.parts where seen.insert(ChainKey(part.chain)).inserted {
            guard let channel = state.channel(part.chain.channel),
                let chain = channel.chains.first(where: { $0.commodity == part.chain.commodity })
            else { continue }
            sum.units &+= chain.settledUnits
            sum.value &+= chain.settledUnits &* chain.unitPrice
        }
        return sum
    }
}
