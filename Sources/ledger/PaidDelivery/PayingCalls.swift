public import Channels
import Exchange
public import Foundation
public import Identity
public import Ledger
public import Logging
import Metrics
public import NIOCore
import Peering
import Synchronization
public import Wire

/// The side that pays for calls: keeps a session for computing time with each node that wants to be paid, and pays what
/// calls used once they have answered.
///
/// What is owed is asked for behind each call, or behind several that ended meanwhile, and revealed at once, so that the next
/// one finds its credit.
public actor PayingCalls {
    /// Asks a node; gives the body of the answer, whose type is one above the request's, `acknowledged` for a voucher. Throws
    /// `PeerError`.
    public typealias Ask = @Sendable (NodeID, FrameType, ByteBuffer, TimeAmount) async throws -> ByteBuffer
    /// Gives a channel that pays a node for computing time, opened if need be; no two callers get the same one.
    public typealias Fund = @Sendable (NodeID) async throws -> PayingClient.Wallet

    /// A call that was announced; see ``ended(_:after:)`` and ``pay(_:gas:after:)``.
    public struct Payment: Sendable {
        let node: NodeID
        let channel: ChannelID
        let session: UInt32
        /// In thousandths of a link.
        let permille: UInt32
        /// Of a link, in units of money.
        let unitPrice: UInt64
        /// Units of gas that are paid for the call at most.
        public let mostGas: UInt64
        /// Links that are paid besides, for calls before that the node says are owed.
        let linksBefore: UInt64

        /// What so much gas costs, and ``priceBefore`` besides, in units of money.
        public func price(of gas: UInt64) -> UInt64 {
            let (thousandths, overflow) = gas.multipliedReportingOverflow(by: UInt64(permille))
            let links = overflow ? .max : thousandths / 1000 + (thousandths % 1000 == 0 ? 0 : 1)
            let (price, isTooMuch) = links.multipliedReportingOverflow(by: unitPrice)
            let (sum, isFarTooMuch) = price.addingReportingOverflow(priceBefore)
            return isTooMuch || isFarTooMuch ? .max : sum
        }

        /// What is paid for calls before, in units of money.
        public var priceBefore: UInt64 {
            let (price, overflow) = linksBefore.multipliedReportingOverflow(by: unitPrice)
            return overflow ? .max : price
        }
    }

    private struct Account {
        /// Without chains that the node does not take.
        let wallet: PayingClient.Wallet
        var session: ComputeSession
        /// Links that are owed from before the session and that no call's limit was asked about yet.
        var linksBefore: UInt64
        /// Calls that began and did not end.
        var running = 0
        /// Whether a call ended since the node was asked what is owed.
        var isDue = false
    }

    private static let spent = Counter(label: "skerry_payment_spent_units_total", dimensions: [("for", "compute")])
    private static let timeout = TimeAmount.seconds(10)
    /// Channels that are tried, one behind the other, until a node takes one.
    private static let maxChannels = 3
    /// Units below which nodes open no session.
    private static let minUnits: UInt64 = 64
    /// Nodes that are remembered to want payment.
    private static let maxKnown = 65_536

    private let key: SigningKey
    private let holder: NodeID
    private let network: NetworkID
    private let ask: Ask
    private let fund: Fund
    private let isPaid: @Sendable (NodeID) -> Bool
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private var accounts: [NodeID: Account] = [:]
    /// Channels whose session is over.
    private var resting: [NodeID: PayingClient.Wallet] = [:]
    /// Why no session was opened; nil for one that was.
    private var opening: [NodeID: Task<(any Error)?, Never>] = [:]
    private var settling: [NodeID: Task<Void, Never>] = [:]
    /// Nodes that refused a call for want of payment.
    private var known: Set<NodeID> = []
    private let paid = Mutex<UInt64>(0)

    /// - Parameters:
    ///   - key: The payer's account key.
    ///   - holder: Who connects to the nodes.
    ///   - isPaid: Whether the network has this node paid for calls; one that refuses them is found out anyway.
    public init(
        key: SigningKey, holder: NodeID, network: NetworkID, isPaid: @escaping @Sendable (NodeID) -> Bool,
        logger: Logger, ask: @escaping Ask, fund: @escaping Fund,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
    ) {
        self.key = key
        self.holder = holder
        self.network = network
        self.isPaid = isPaid
        self.logger = logger
        self.ask = ask
        self.fund = fund
        self.now = now
    }

    /// Links that were revealed for calls since this was made.
    public nonisolated var paidUnits: UInt64 { paid.withLock { $0 } }

    // MARK: Calls

    /// A call is about to be sent.
    ///
    /// - Parameter isRepeatable: Whether it can be sent again if the node refuses it: then nothing is opened before a node
    ///   that has not been paid so far wants it.
    /// - Returns: Nil if the node is not known to want payment, or cannot be paid: then it may refuse the call.
    public func begin(at node: NodeID, isRepeatable: Bool) async -> Payment? {
        guard accounts[node] != nil || known.contains(node) || !isRepeatable && isPaid(node) else { return nil }
        await leaveSpent(node)
        guard await ensure(node) == nil else { return nil }
        return announce(node, mostGas: .max)
    }

    /// A call is about to be sent whose price is limited.
    ///
    /// - Parameter limit: The most that it may cost, with what the node says is owed from before; in units of money.
    /// - Throws: Why the node cannot be paid: what the session's opening or the funding throws; `ChannelsError` `.price` if
    ///   the limit buys no unit of gas, `.exhausted`.
    public func begin(at node: NodeID, atMost limit: UInt64) async throws -> Payment {
        await leaveSpent(node)
        if let failure = await ensure(node) { throw failure }
        guard let account = accounts[node] else {
            throw PeerError(.paymentRequired, "The session with node \(node.short) ended at once; try again")
        }
        let (price, permille) = (account.wallet.unitPrice, UInt64(account.session.permille))
        let links = price == 0 ? .max : limit / price
        let (thousandths, overflow) = (links - min(links, account.linksBefore)).multipliedReportingOverflow(by: 1000)
        let bought = overflow ? .max : thousandths / permille
        guard bought > 0 else {
            throw ChannelsError(
                .price,
                "A unit of gas costs \(price) × \(permille)/1000 at node \(node.short), and \(account.linksBefore) × "
                    + "\(price) are owed from before; the limit is \(limit)")
        }
        // What is promised to several calls at once and cannot be paid, the node keeps the answers for.
        let most = min(bought, account.session.remaining * 1000 / permille)
        guard most > 0, let payment = announce(node, mostGas: most, linksBefore: account.linksBefore) else {
            throw ChannelsError(
                .exhausted, "The channel that pays node \(node.short) has no units left; open another")
        }
        accounts[node]?.linksBefore = 0
        return payment
    }

    private func announce(_ node: NodeID, mostGas: UInt64, linksBefore: UInt64 = 0) -> Payment? {
        accounts[node]?.session.begin()
        accounts[node]?.running += 1
        return accounts[node].map {
            Payment(
                node: node, channel: $0.wallet.channel, session: $0.session.number, permille: $0.session.permille,
                unitPrice: $0.wallet.unitPrice, mostGas: mostGas, linksBefore: linksBefore)
        }
    }

    /// A call has answered, or failed, and nobody knows what it cost: the node says what is owed, and is paid as far as the
    /// time allows that. Returns at once.
    public func ended(_ payment: Payment, after time: TimeAmount) {
        let milliseconds = PayingCalls.milliseconds(time)
        if end(payment, milliseconds: min(milliseconds, payment.mostGas)) { _ = settle(payment.node) }
    }

    /// A call has answered, or failed, and the node said what it cost. When this returns, that is paid, or cannot be at the
    /// moment: then the node tells what is owed when it is asked the next time.
    ///
    /// - Parameters:
    ///   - gas: As the node says.
    ///   - time: How long the call took by this side's clock.
    /// - Throws: `.overcharged` if the call cannot have used so much, or may not have: nothing is paid for it then, and the
    ///   channel is not used any more.
    public func pay(_ payment: Payment, gas: UInt64, after time: TimeAmount) async throws(ChannelsError) {
        let milliseconds = PayingCalls.milliseconds(time)
        guard gas <= payment.mostGas, gas <= milliseconds else {
            if accounts[payment.node]?.wallet.channel == payment.channel { accounts[payment.node] = nil }
            throw ChannelsError(
                .overcharged,
                "Node \(payment.node.short) wants \(gas) units of gas for a call that took \(milliseconds) ms and may cost "
                    + "\(payment.mostGas); it is not paid, and the channel is not used any more")
        }
        if end(payment, milliseconds: gas) { await settle(payment.node).value }
    }

    /// False if no session of the channel is open: then the node says at the next one's opening what is owed. One that was
    /// opened meanwhile owes for the call as well: its node counts by the channel.
    private func end(_ payment: Payment, milliseconds: UInt64) -> Bool {
        let node = payment.node
        guard let account = accounts[node], account.wallet.channel == payment.channel else { return false }
        accounts[node]?.session.end(milliseconds: milliseconds)
        if account.session.number == payment.session { accounts[node]?.running -= 1 }
        accounts[node]?.isDue = true
        return true
    }

    /// Begun ones count whole.
    private static func milliseconds(_ time: TimeAmount) -> UInt64 { UInt64(max(0, time.nanoseconds)) / 1_000_000 + 1 }

    /// A node refused a call for want of payment.
    ///
    /// - Returns: Whether it is worth sending again: something was paid, or a session opened.
    public func isWorthRepeating(at node: NodeID) async -> Bool {
        if known.count >= PayingCalls.maxKnown { known.removeAll() }
        known.insert(node)
        guard let before = accounts[node]?.session.number else { return await ensure(node) == nil }
        let paidBefore = paidUnits
        await settle(node).value
        guard let after = accounts[node]?.session.number else { return await ensure(node) == nil }
        return after != before || paidUnits > paidBefore
    }

    // MARK: Paying

    /// Asks what is owed and reveals it, until no call ended meanwhile.
    private func settle(_ node: NodeID) -> Task<Void, Never> {
        if let running = settling[node] {
            accounts[node]?.isDue = true
            return running
        }
        let task = Task { await self.settleAll(node) }
        settling[node] = task
        return task
    }

    private func settleAll(_ node: NodeID) async {
        defer { settling[node] = nil }
        repeat {
            accounts[node]?.isDue = false
            guard await payOnce(node) else { return }
        } while accounts[node]?.isDue == true
    }

    /// A channel with so little left that nodes open no session for it is left once it has paid what it owes.
    private func leaveSpent(_ node: NodeID) async {
        guard let account = accounts[node], let first = account.session.parts.first,
            first.chain.remaining < PayingCalls.minUnits
        else { return }
        await settling[node]?.value
        guard let now = accounts[node], now.session.number == account.session.number, now.running == 0 else { return }
        accounts[node] = nil
    }

    /// False if the session is over.
    private func payOnce(_ node: NodeID) async -> Bool {
        guard let newest = accounts[node]?.session.newest() else { return false }
        let number = newest.session
        do {
            let owed = try await acknowledge([newest], at: node)
            guard accounts[node]?.session.number == number,
                let (links, units) = try accounts[node]?.session.pay(owed)
            else { return false }
            paid.withLock { $0 &+= units }
            PayingCalls.spent.increment(by: Int64(clamping: units))
            _ = try await acknowledge(links, at: node)
            return accounts[node]?.session.number == number
        } catch {
            logger.debug("a node is not paid for calls", metadata: ["node": "\(node.short)", "why": "\(error)"])
            if accounts[node]?.session.number == number { rest(node) }
            return false
        }
    }

    /// Sends acknowledgments; the units that are owed behind the last of them, 0 without any.
    private func acknowledge(_ links: [SessionAck], at node: NodeID) async throws -> UInt64 {
        var owed: UInt64 = 0
        for link in links {
            let answer = try await ask(node, .acknowledge, ByteBuffer(bytes: link.bytes), PayingCalls.timeout)
            owed = UInt64(answer.getInteger(at: answer.readerIndex, as: UInt32.self) ?? 0)
        }
        return owed
    }

    // MARK: Sessions

    /// Sees to it that a session with the node is open; why it is not.
    private func ensure(_ node: NodeID) async -> (any Error)? {
        if let account = accounts[node] {
            if now() < account.session.expiresMilliseconds { return nil }
            rest(node)
        }
        if let task = opening[node] { return await task.value }
        let task = Task { await self.open(node) }
        opening[node] = task
        return await task.value
    }

    /// The session is over, its channel is not.
    private func rest(_ node: NodeID) {
        guard let account = accounts.removeValue(forKey: node) else { return }
        var wallet = account.wallet
        for part in account.session.parts {
            if part.weight == 1 { wallet.chain = part.chain }
            for index in wallet.larger.indices where UInt64(wallet.larger[index].weight) == part.weight {
                wallet.larger[index].chain = part.chain
            }
        }
        resting[node] = wallet
    }

    private func open(_ node: NodeID) async -> (any Error)? {
        defer { opening[node] = nil }
        var refusal: (any Error)?
        for _ in 0..<PayingCalls.maxChannels {
            let wallet: PayingClient.Wallet
            do { wallet = try await self.wallet(for: node) } catch {
                logger.debug(
                    "no channel pays a node for calls", metadata: ["node": "\(node.short)", "why": "\(error)"])
                return refusal ?? error
            }
            do {
                try await open(wallet, with: node)
                return nil
            } catch {
                refusal = error
                logger.debug(
                    "a session for calls was refused", metadata: ["node": "\(node.short)", "why": "\(error)"])
                guard PayingClient.isHopeless(error) else {
                    resting[node] = wallet
                    return error
                }
            }
        }
        return refusal
    }

    private func wallet(for node: NodeID) async throws -> PayingClient.Wallet {
        if let wallet = resting.removeValue(forKey: node) { return wallet }
        return try await fund(node)
    }

    private func open(_ wallet: PayingClient.Wallet, with node: NodeID) async throws {
        var wallet = wallet
        let first = try await present(wallet.channel, to: node)
        guard first.permille <= wallet.maxPermille ?? 1000 else {
            throw PeerError(.paymentRequired, "Node \(node.short) asks \(first.permille) thousandths a unit")
        }
        var larger: [(opened: SessionOpened, chain: LargerChain)] = []
        for chain in wallet.larger where !larger.contains(where: { $0.chain.weight == chain.weight }) {
            do {
                larger.append((try await present(chain.channel, to: node, with: first.session, chain.weight), chain))
            } catch let error as PeerError where error.code.description.hasPrefix("channels/") {
                // Spent, closed or too cheap: the others pay without it.
                logger.debug(
                    "a larger chain is not taken", metadata: ["node": "\(node.short)", "why": "\(error)"])
            }
        }
        wallet.larger = larger.map { $0.chain }
        let session = try ComputeSession(first, chain: wallet.chain, larger: larger)
        _ = try await acknowledge(session.again, at: node)
        accounts[node] = Account(wallet: wallet, session: session, linksBefore: session.owedBefore)
    }

    /// Opens the session of one channel: by itself, or with the credit of another.
    private func present(
        _ channel: ChannelID, to node: NodeID, with sharing: UInt32 = 0, _ weight: UInt16 = 1
    ) async throws -> SessionOpened {
        let milliseconds = now()
        let grant = SessionGrant(network: network, channel: channel, holder: holder, milliseconds: milliseconds)
        let opening = SessionOpening(
            channel: channel, commodity: .compute, grantMilliseconds: milliseconds, grant: try grant.sign(with: key),
            sharing: sharing, weight: weight)
        let answer = try await ask(node, .openSession, ByteBuffer(bytes: opening.bytes), PayingCalls.timeout)
        return try SessionOpened(bytes: Array(answer.readableBytesView))
    }

    // MARK: Vouchers

    /// Hands each node that a session is open with vouchers for all that was acknowledged to it in calls, one for each
    /// channel, so that it settles with as many signatures. For who is done, see ``PayingClient/handVouchers()``.
    ///
    /// - Returns: Units that the vouchers are for, by node; 0 for nodes that took none, which settle by their links.
    public func handVouchers() async -> [NodeID: UInt64] {
        var units: [NodeID: UInt64] = [:]
        for node in Array(accounts.keys) {
            await settling[node]?.value
            guard let account = accounts[node] else { continue }
            units[node] = 0
            for part in account.session.parts where part.chain.revealed > 0 {
                let channel =
                    account.wallet.larger.first { UInt64($0.weight) == part.weight }?.channel ?? account.wallet.channel
                do {
                    let voucher = try SessionVoucher(
                        session: part.number, channel: channel, commodity: .compute, units: part.chain.revealed,
                        network: network, key: key)
                    _ = try await ask(node, .handVoucher, ByteBuffer(bytes: voucher.bytes), PayingCalls.timeout)
                    units[node, default: 0] += part.chain.revealed * part.weight
                } catch {
                    logger.debug(
                        "a voucher was not taken",
                        metadata: ["channel": "\(channel)", "node": "\(node.short)", "why": "\(error)"])
                }
            }
        }
        return units
    }
}
