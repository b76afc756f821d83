import AckProofs
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging

/// Cashes what clients acknowledged to this node: it carries out what ``SettlementPlan`` decides.
///
/// It keeps nothing itself but a proof that the ledger does not have yet. What is to be settled follows from the
/// acknowledgments, which are durable before it sees them, and from the ledger; a batch that was being proven when the node
/// stopped is composed and proven again.
actor SettlementKeeper {
    /// What clients acknowledged, all of it durable.
    typealias Acknowledged = @Sendable () async -> [AcknowledgedChain]
    /// Brings a signed transaction onto the ledger; returns when this node applied it.
    typealias Submit = @Sendable (Data) async throws -> Void
    /// Makes one proof of all claims, for a context.
    typealias Prove = @Sendable ([AckClaim], [UInt8]) async throws -> (proof: [UInt8], duration: Duration)

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
    private let prover: Prove
    private let pause: Duration
    private let file: String?
    private let now: @Sendable () -> Int64
    private let logger: Logger
    nonisolated let metrics: SettlementMetrics
    private var plan: SettlementPlan
    /// Callers that wait for the end of a round, by number.
    private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    private var lastWaiter = 0
    /// Proven, and not on the ledger as far as this node knows.
    private var proven: SettlementOrder?
    private var trail = LinkTrail()

    /// - Parameters:
    ///   - look: Between two looks at what is pending.
    ///   - file: Where a proof is kept until the ledger has it; nil keeps it in memory.
    init(
        key: SigningKey, keeper: LedgerKeeper, policy: SettlementPlan.Policy = .init(),
        look: Duration = SettlementKeeper.look, file: String? = nil,
        prover: @escaping Prove = { try await SettlementProver().prove($0, context: $1) },
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
        let network = keeper.state.networkID
        builder = TransactionBuilder(networkID: network, key: key, as: .node)
        self.file = file
        self.prover = prover
        proven = file.flatMap { SettlementOrder(reading: $0, network: network, node: key.publicKey.node) }
    }

    /// Settles until cancelled. Call it once.
    func run() async {
        while !Task.isCancelled {
            let isDone = await settleOnce()
            if isDone { try? await Task.sleep(for: plan.isInRound ? pause / 4 : pause) }
        }
        finishRound()
    }

    /// Asks for everything to be settled now and waits until it is, or until a batch is refused, or `timeout` is over.
    func settle(timeout: Duration) async {
        plan.startRound()
        guard waiters.count < SettlementKeeper.maxWaiters else { return }
        lastWaiter += 1
        let number = lastWaiter
        let timer = Task {
            guard (try? await Task.sleep(for: timeout)) != nil else { return }
            self.waiters.removeValue(forKey: number)?.resume()
        }
        await withCheckedContinuation { waiters[number] = $0 }
        timer.cancel()
    }

    private func finishRound() {
        let waiting = waiters.values
        waiters = [:]
        for waiter in waiting { waiter.resume() }
    }

    /// True if nothing is due.
    private func settleOnce() async -> Bool {
        guard keeper.failure == nil else { return true }
        let chains = await acknowledged()
        let view = SettlementView(keeper.state, node, chains, now: now())
        metrics.count(pending: view.pending)
        trail.keep(only: Set(view.pending.map { ChainKey($0.acknowledged) }))
        if let kept = proven {
            if kept.mayPay(keeper.state) { plan.continueRound() } else { forgetProven() }
        }
        guard let batch = plan.next(view, now: now()) else {
            if !plan.isInRound { finishRound() }
            return true
        }
        let kept = proven
        let (order, end) = await carryOut(batch, kept)
        plan.ended(end, isProven: order.map { !$0.proof.isEmpty }, now: now())
        if end == .applied {
            // The rest of what is pending was not looked at.
            if kept != nil { plan.continueRound() }
            return false
        }
        metrics.countFailure(lane: order?.lane ?? batch.lane, end)
        // What nobody took now is taken later; who waits for it may go on waiting.
        if end == .notTaken { plan.continueRound() } else { finishRound() }
        return true
    }

    private func carryOut(
        _ batch: SettlementBatch, _ kept: SettlementOrder?
    ) async -> (SettlementOrder?, SettlementPlan.End) {
        if let kept { return (kept, await deliver(kept)) }
        do {
            let order = try await order(batch)
            if !order.proof.isEmpty { proven = order }
            return (order, await deliver(order))
        } catch {
            if !Task.isCancelled {
                logger.error("a settlement could not be proven", metadata: ["error": "\(error)"])
            }
            return (nil, .notProven)
        }
    }

    /// Hashes the batch's links, and proves them.
    private func order(_ batch: SettlementBatch) async throws -> SettlementOrder {
        let known = trail
        trail = LinkTrail()
        let (settlements, trail) = try await LowPriority.run { isCancelled in
            var trail = known
            let settlements = try batch.settlements(&trail, isCancelled: isCancelled)
            return (settlements, trail)
        }
        self.trail = trail
        guard batch.isProven else { return SettlementOrder(settlements: settlements) }
        return SettlementOrder(settlements: settlements, proof: try await prove(settlements))
    }

    private func deliver(_ order: SettlementOrder) async -> SettlementPlan.End {
        let before = paid(order)
        var isKept = order.proof.isEmpty
        for _ in 0..<SettlementKeeper.nonceAttempts where !Task.isCancelled {
            do {
                let transaction = try builder.sign(
                    .settleChannels(order.settlements, proof: order.proof),
                    nonce: keeper.state.nonce(of: .node(node)) &+ 1,
                    validUntilMilliseconds: max(now(), keeper.state.timeMilliseconds)
                        .plus(SettlementKeeper.validity))
                if !isKept { keepProven(order, transaction) }
                isKept = true
                try await submit(transaction.bytes)
                let after = paid(order)
                metrics.count(lane: order.lane, units: after.units &- before.units, value: after.value &- before.value)
                logger.info(
                    "settled",
                    metadata: [
                        "lane": "\(order.lane)", "settlements": "\(order.settlements.count)",
                        "steps": "\(order.steps)", "value": "\(after.value &- before.value)",
                        "transaction": "\(transaction.id)",
                    ])
                forgetProven()
                return .applied
            } catch let error as LedgerError where error.code == .badNonce {
                continue
            } catch let error as LedgerError {
                tell(of: error, order)
                forgetProven()
                return error.code == .badSettlement ? .disbelieved : .refused
            } catch {
                logger.debug("a settlement has to wait", metadata: ["error": "\(error)"])
                return .notTaken
            }
        }
        return .notTaken
    }

    private func keepProven(_ order: SettlementOrder, _ transaction: SignedTransaction) {
        guard let file else { return }
        do { try order.write(transaction, to: file) } catch {
            logger.warning("a settlement proof cannot be kept", metadata: ["path": "\(file)", "error": "\(error)"])
        }
    }

    private func forgetProven() {
        guard proven != nil else { return }
        proven = nil
        if let file { try? FileManager.default.removeItem(atPath: file) }
    }

    private func prove(_ settlements: [Settlement]) async throws -> Data {
        let claims = SettlementProof.claims(of: settlements)
        let context = SettlementProof.context(network: keeper.state.networkID, settlements: settlements)
        let (proof, duration) = try await prover(claims, context)
        metrics.count(proofOf: claims.reduce(0) { $0 + $1.steps }, in: duration)
        return Data(proof)
    }

    private func tell(of error: LedgerError, _ order: SettlementOrder) {
        // What was closed or settled meanwhile is no fault of anybody; a proof that the ledger does not believe is ours.
        let isFault = error.code == .badSettlement
        logger.log(
            level: isFault ? .critical : .notice,
            isFault ? "the ledger does not believe this node's settlement" : "a settlement was refused",
            metadata: [
                "lane": "\(order.lane)", "channel": "\(order.settlements.first.map { "\($0.channel)" } ?? "")",
                "error": "\(error)",
            ])
    }

    /// Units and money that the ledger has paid on the order's chains. A channel that was closed meanwhile counts nothing.
    private func paid(_ order: SettlementOrder) -> (units: UInt64, value: UInt64) {
        let state = keeper.state
        var sum: (units: UInt64, value: UInt64) = (0, 0)
        var seen: Set<ChainKey> = []
        for settlement in order.settlements
        where seen.insert(ChainKey(settlement.channel, settlement.commodity)).inserted {
            guard let channel = state.channel(settlement.channel),
                let chain = channel.chains.first(where: { $0.commodity == settlement.commodity })
            else { continue }
            sum.units &+= chain.settledUnits
            sum.value &+= chain.settledUnits &* chain.unitPrice
        }
        return sum
    }
}
