import Channels
import Exchange
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import PaidDelivery
import Peering
import SwiftProtobuf
import Wire

/// Opens channels to other nodes, out of the account of the node's own key, and hands them to whoever pays with them.
///
/// Its operator gives that account as much as the node may spend; without money the node pays nobody. What a channel has left
/// comes back when it ends, a day later.
actor ChannelFunds {
    /// What a node is ready to pay.
    struct Policy: Sendable, Equatable {
        /// In units of money for a unit, multiplier included; 0 pays nothing.
        var maxPrices: [Commodity: UInt64]
        /// Units of a channel, as far as the account's money goes.
        var units: UInt64 = 16_384
        /// From its opening until it expires, in milliseconds.
        var lifetime: Int64 = 86_400_000
    }

    /// How other nodes are asked.
    struct Peers: Sendable {
        /// What a node wants. Throws `PeerError`.
        var quote: @Sendable (NodeID, QuoteRequest) async throws -> SessionQuote
        /// Returns when a node has applied an entry, or after some seconds.
        var settle: @Sendable (NodeID, UInt64) async -> Void
    }

    /// Brings a signed transaction onto the ledger; the entry that has it.
    typealias Submit = @Sendable (Data) async throws -> UInt64

    private struct Purpose: Hashable {
        let node: NodeID
        let commodity: Commodity
    }

    /// Units that a channel has at least: nodes take none for fewer than 64.
    private static let minUnits: UInt64 = 256
    /// A channel that ends sooner is not handed out, in milliseconds.
    private static let minLifetime: Int64 = 120_000
    /// How long a node that could not be paid is left alone, in milliseconds.
    private static let pause: Int64 = 30_000
    /// Channels to one node for one purpose of which less than half is settled: one that takes nothing out of them cannot
    /// have all of the money tied up.
    private static let maxUnused = 16
    private static let nonceAttempts = 3
    /// How long an opening may be on its way, in milliseconds.
    private static let validity: Int64 = 60_000

    private let key: SigningKey
    private let keeper: LedgerKeeper
    private let file: String
    private let policy: Policy
    private let peers: Peers
    private let submit: Submit
    private let builder: TransactionBuilder
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private var notes: [OwnChannel]
    /// Channels that somebody pays with.
    private var given: Set<String> = []
    /// Until when a purpose is left alone, and why.
    private var failures: [Purpose: (until: Int64, error: PeerError)] = [:]
    /// The end of the last opening: one at a time, because of the nonce.
    private var turn: Task<Void, Never>?

    /// - Parameters:
    ///   - key: The node's; its account pays.
    ///   - file: Where the channels that it opened are noted.
    init(
        key: SigningKey, keeper: LedgerKeeper, file: String, policy: Policy, peers: Peers, logger: Logger,
        submit: @escaping Submit, now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) throws {
        self.key = key
        self.keeper = keeper
        self.file = file
        self.policy = policy
        self.peers = peers
        self.submit = submit
        self.now = now
        self.logger = logger
        builder = TransactionBuilder(networkID: keeper.state.networkID, key: key)
        notes = try OwnChannel.read(file, now: now())
    }

    /// A channel that pays `node`, which nobody else has: one that was opened before this process, or a new one.
    ///
    /// - Throws: `PeerError` `.paymentRequired` with the reason why this node cannot or will not pay.
    func wallet(for node: NodeID, _ commodity: Commodity) async throws -> PayingClient.Wallet {
        let before = turn
        let own = Task {
            await before?.value
            return await self.next(Purpose(node: node, commodity: commodity))
        }
        turn = Task { _ = await own.value }
        let funded = try await own.value.get()
        if let sequence = funded.sequence { await peers.settle(node, sequence) }
        return funded.wallet
    }

    /// A channel, and the entry that opened it if it is new.
    private struct Funded: Sendable {
        let wallet: PayingClient.Wallet
        var sequence: UInt64?
    }

    private func next(_ purpose: Purpose) async -> Result<Funded, PeerError> {
        let time = now()
        if let failure = failures[purpose], time < failure.until { return .failure(failure.error) }
        failures = failures.filter { $0.value.until > time }
        do {
            if let wallet = try resting(purpose) { return .success(Funded(wallet: wallet)) }
            return .success(try await open(purpose))
        } catch {
            let refusal =
                error as? PeerError
                ?? PeerError(.paymentRequired, "Node \(purpose.node.short) cannot be paid: \(error)")
            failures[purpose] = (now().plus(ChannelFunds.pause), refusal)
            logger.notice(
                "a node that wants to be paid is not",
                metadata: [
                    "node": "\(purpose.node.short)", "for": "\(purpose.commodity)", "why": "\(refusal.message)",
                ])
            return .failure(refusal)
        }
    }

    /// One of an earlier process that the ledger still has open.
    private func resting(_ purpose: Purpose) throws -> PayingClient.Wallet? {
        let state = keeper.state
        let soon = now().plus(ChannelFunds.minLifetime)
        for note in notes where !given.contains(note.id) {
            guard note.payee == purpose.node.description, note.commodity == purpose.commodity.rawValue,
                note.expiresMilliseconds > soon, let id = ChannelID(note.id), let record = state.channel(id),
                record.closingMilliseconds == nil
            else { continue }
            given.insert(note.id)
            let plan = try note.plan(key, state.networkID)
            // The note is a file: the ledger says what the channel is.
            guard let chain = plan.chains[purpose.commodity], record.chains.map(\.anchor) == [chain.anchor] else {
                continue
            }
            return PayingClient.Wallet(
                channel: id, commodity: purpose.commodity, chain: chain, maxPermille: note.maxPermille)
        }
        return nil
    }

    // MARK: Opening

    private func open(_ purpose: Purpose) async throws -> Funded {
        let most = policy.maxPrices[purpose.commodity] ?? 0
        guard most > 0 else { throw ChannelFunds.refusal("this node pays nothing for \(purpose.commodity)") }
        forgetExpired()
        let unused = unusedCount(purpose)
        guard unused < ChannelFunds.maxUnused, notes.count < OwnChannel.maxCount else {
            throw ChannelFunds.refusal("\(unused) channels to it are nearly unused, \(notes.count) are open in all")
        }
        let quote = try await self.quote(purpose)
        let (price, permille) = (quote.unitPrice, quote.permille)
        guard UInt128(price) * UInt128(permille) <= UInt128(most) * 1_000 else {
            throw ChannelFunds.refusal(
                "it asks \(price) × \(permille)/1000 for a unit of \(purpose.commodity), this node pays \(most) at most"
            )
        }
        let maxPermille =
            price == 0 ? SessionQuote.maxPermille : UInt32(clamping: UInt128(most) * 1_000 / UInt128(price))
        var failure: any Error = ChannelFunds.refusal("another transaction was always faster")
        for _ in 0..<ChannelFunds.nonceAttempts {
            do {
                return try await open(purpose, price: price, maxPermille: maxPermille)
            } catch let error as LedgerError where error.code == .badNonce { failure = error }
        }
        throw failure
    }

    private func open(_ purpose: Purpose, price: UInt64, maxPermille: UInt32) async throws -> Funded {
        let state = keeper.state
        let nonce = state.nonce(of: builder.signer) &+ 1
        let expiry = max(now(), state.timeMilliseconds).plus(policy.lifetime)
        let note = OwnChannel(
            id: "", payee: purpose.node.description, nonce: nonce, commodity: purpose.commodity.rawValue,
            unitPrice: price, units: try units(at: price, state), expiresMilliseconds: expiry,
            maxPermille: maxPermille)
        let plan = try note.plan(key, state.networkID)
        guard let chain = plan.chains[purpose.commodity] else { throw ChannelFunds.refusal("no chain was made") }
        let transaction = try builder.sign(
            .openChannel(plan.channel), nonce: nonce,
            validUntilMilliseconds: max(now(), state.timeMilliseconds).plus(ChannelFunds.validity))
        let id = ChannelID(transaction.id)
        // Before the channel is there: with a lost answer it is not lost.
        try keep(note, id)
        let sequence: UInt64
        do {
            sequence = try await submit(transaction.bytes)
        } catch let error as LedgerError {
            notes.removeAll { $0.id == id.description }
            throw error
        }
        logger.info(
            "opened a channel",
            metadata: [
                "channel": "\(id)", "node": "\(purpose.node.short)", "for": "\(purpose.commodity)",
                "units": "\(note.units)", "price": "\(price)",
            ])
        let wallet = PayingClient.Wallet(
            channel: id, commodity: purpose.commodity, chain: chain, maxPermille: maxPermille)
        return Funded(wallet: wallet, sequence: sequence)
    }

    /// Channels to the node of which less than half is settled.
    private func unusedCount(_ purpose: Purpose) -> Int {
        let state = keeper.state
        return notes.count { note in
            guard note.payee == purpose.node.description, note.commodity == purpose.commodity.rawValue,
                let chain = ChannelID(note.id).flatMap({ state.channel($0) })?.chains.first
            else { return false }
            return chain.settledUnits < chain.maxUnits / 2
        }
    }

    private func quote(_ purpose: Purpose) async throws -> SessionQuote {
        let state = keeper.state
        guard let payee = state.node(purpose.node)?.publicKey else {
            throw ChannelFunds.refusal("the ledger does not list it")
        }
        let account = key.publicKey.account
        let quote = try await peers.quote(purpose.node, QuoteRequest(payer: account, commodity: purpose.commodity))
        try quote.check(
            network: state.networkID, payee: payee, payer: account, commodity: purpose.commodity, at: now())
        return quote
    }

    /// As many units as a channel has, or as the account's money buys.
    private func units(at price: UInt64, _ state: LedgerState) throws -> UInt64 {
        let account = key.publicKey.account
        let balance = state.account(account)?.balance ?? 0
        let fee = state.parameters.transactionFee
        let bought = price == 0 ? policy.units : (balance - min(fee, balance)) / price
        let units = min(policy.units, bought, PayerChain.maxUnits)
        guard units >= ChannelFunds.minUnits, balance >= fee else {
            throw ChannelFunds.refusal(
                "the account \(account) of this node's key has \(balance) units of money; give it more with "
                    + "skerry account transfer")
        }
        return units
    }

    private func keep(_ note: OwnChannel, _ id: ChannelID) throws {
        var note = note
        note.id = id.description
        notes.append(note)
        given.insert(note.id)
        try OwnChannel.write(notes, to: file)
    }

    private func forgetExpired() {
        let time = now()
        notes.removeAll { $0.expiresMilliseconds <= time }
        given.formIntersection(notes.map(\.id))
    }

    private static func refusal(_ why: String) -> PeerError {
        PeerError(.paymentRequired, "The node is not paid: \(why)")
    }
}

extension ChannelFunds.Peers {
    /// Over the authenticated connections of `peers`.
    init(_ peers: PeerNetwork) {
        quote = { node, request in
            let connection = try await peers.connection(to: node)
            let answer = try await connection.request(.readQuote, ByteBuffer(bytes: request.bytes)).get()
            guard answer.type == .quote else {
                throw PeerError(.protocolViolation, "Node \(node.short) answered a quote with \(answer.type)")
            }
            return try SessionQuote(bytes: Array(answer.body.readableBytesView))
        }
        settle = { node, sequence in
            let request = PeerPBAwaitSequence.with {
                $0.sequence = sequence
                $0.waitMillis = 5_000
            }
            guard let connection = try? await peers.connection(to: node) else { return }
            _ = try? await connection.call(
                .awaitSequence, request, expecting: .sequenceStatus, as: PeerPBSequenceStatus.self,
                timeout: .seconds(6))
        }
    }
}
