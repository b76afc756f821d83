import Channels
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import PaidDelivery
import Synchronization

/// What a node is paid: the acknowledgments that it keeps, settling them, and hashing again what was settled by proof.
final class NodePayments: Sendable {
    /// How long an operator who asks for a settlement waits for it at most.
    private static let settleTimeout = Duration.seconds(25)

    let payee: PayeeLedger
    /// Sessions of those who pay, and who gets blocks.
    let serving: PaidServing
    let settlement: SettlementKeeper
    let rehash: SettlementRehash
    private let node: NodeID
    private let keeper: LedgerKeeper
    private let settings: PayeeSettings
    private let metrics: SettlementMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - folder: For the log of acknowledgments, and how far settled batches were hashed again.
    ///   - submit: Brings a signed transaction onto the ledger.
    init(
        key: SigningKey, keeper: LedgerKeeper, folder: String, options: PaymentOptions, logger: Logger,
        submit: @escaping SettlementKeeper.Submit
    ) throws {
        node = key.publicKey.node
        self.keeper = keeper
        self.logger = logger
        var settings = PayeeSettings()
        settings.prices = options.prices
        if let permille = options.multiplierPermille {
            settings.permille = min(max(1, permille), SessionQuote.maxPermille)
        }
        guard let free = FreeUse(options.free ?? "network") else {
            throw NodeError(
                .badConfiguration,
                "payments.free in node.json is \"\(options.free ?? "")\"; write network, always or a number of units")
        }
        self.settings = settings
        let metrics = SettlementMetrics()
        self.metrics = metrics
        let payee = try PayeeLedger(
            folder: folder, key: key, network: keeper.state.networkID, settings: settings)
        self.payee = payee
        serving = PaidServing(
            payee: payee, free: free, channel: { keeper.state.channel($0) },
            terms: { FreeTerms(keeper.state) }, isNode: { keeper.state.isParticipating($0) })
        let durable = Mutex<[AcknowledgedChain]>([])
        settlement = SettlementKeeper(
            key: key, keeper: keeper, policy: options.policy, file: folder + "/proven", metrics: metrics,
            logger: logger,
            acknowledged: {
                // Read before they are on the disk: what comes in between is neither settled nor counted yet.
                let channels = payee.openChannels
                let isDurable = (try? await payee.flush()) != nil
                NodePayments.tell(payee.logFailure, metrics, logger)
                // What was on the disk before is settled all the same.
                guard isDurable else { return durable.withLock { $0 } }
                metrics.count(
                    acknowledgments: payee.durableRecords,
                    units: channels.reduce(0) { $0 &+ $1.acknowledgedUnits })
                let chains = channels.map(AcknowledgedChain.init)
                durable.withLock { $0 = chains }
                return chains
            }, submit: submit)
        rehash = SettlementRehash(
            keeper: keeper, file: folder + "/rehashed", metrics: metrics, logger: logger)
    }

    private static func tell(_ failure: ChannelsError?, _ metrics: SettlementMetrics, _ logger: Logger) {
        guard metrics.noteLog(hasFailed: failure != nil) else { return }
        if let failure {
            logger.critical(
                "acknowledgments cannot be written: until they can, nothing is delivered for payment",
                metadata: ["error": "\(failure)"])
        } else {
            logger.notice("acknowledgments can be written again: payments are taken")
        }
    }

    /// Runs until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { await self.settlement.run() }
            group.addTask { await self.rehash.run() }
        }
    }

    /// Between two looks at what the ledger says of channels: each looks all of them up.
    private static let refreshPause = Duration.milliseconds(250)

    /// Tells the acknowledgments what the ledger says.
    private func follow() async {
        refresh()
        for await _ in keeper.changes() {
            refresh()
            try? await Task.sleep(for: NodePayments.refreshPause)
        }
    }

    private func refresh() {
        let state = keeper.state
        do {
            try payee.refresh(sequence: state.sequence) { state.channel($0) }
        } catch {
            logger.debug("closed channels cannot be noted", metadata: ["error": "\(error)"])
        }
    }

    /// Settles all that is acknowledged, now.
    ///
    /// - Throws: ``ControlFailure`` with status 403 for somebody else than the node's operator.
    func settle(by account: AccountID) async throws -> EarningsInfo {
        guard let record = keeper.state.node(node), record.operatorAccount == account else {
            throw ControlFailure(
                status: 403, code: "settlement/not-operator",
                message: "Only the node's operator may have it settle; sign with the operator's key")
        }
        await settlement.settle(timeout: NodePayments.settleTimeout)
        return earnings
    }

    var earnings: EarningsInfo { metrics.earnings }

    /// Why nothing is delivered for payment at present; nil else.
    var logFailure: String? { payee.logFailure?.message }

    var prices: PriceList {
        PriceList(
            node: node.description,
            prices: Dictionary(
                settings.prices.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }))
    }

    func close() { payee.close() }
}

extension FreeTerms {
    /// What the network says in this state.
    init(_ state: LedgerState) {
        self.init(
            nodesPay: state.parameters.nodesPay, units: state.parameters.freeUnits, epoch: state.epoch.number)
    }
}

extension AcknowledgedChain {
    init(_ position: PayeePosition) {
        self.init(
            channel: position.channel, commodity: position.commodity, units: position.last.index,
            link: position.last.link,
            voucher: position.voucher.map { SignedUnits(units: $0.units, signature: $0.signature) })
    }
}
