public import Identity
public import Ledger
import Synchronization

/// What a node is paid: the channels that were presented to it, their acknowledgments, durable within milliseconds, and who
/// may be delivered to how much.
///
/// Everything that needs the ledger gets it as a function or a record, so that this room follows no log itself: call
/// ``refresh(sequence:_:)`` whenever the ledger has changed. Safe to use from any thread; nothing waits for the disk but
/// ``flush()`` and ``close()``.
public final class PayeeLedger: Sendable {
    /// This node.
    public let node: NodeID
    private let key: SigningKey
    private let network: NetworkID
    private let shelf: Shelf
    private let log: AckLog
    private let onSettled: @Sendable ([ChannelPayment]) -> Void

    /// The book, apart from this object: the log writes it down until the last moment.
    private final class Shelf: Sendable {
        let book: Mutex<PayeeBook>

        init(_ book: PayeeBook) { self.book = Mutex(book) }

        /// Everything that counts, at a moment at which nobody appends: what waits is part of it.
        func snapshot(_ log: AckLog) -> [UInt8] {
            book.withLock { book in
                var bytes: [UInt8] = []
                for record in book.records { record.append(to: &bytes) }
                log.dropWaiting()
                return bytes
            }
        }
    }

    /// Opens the log in `folder`, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - key: The node's; it signs quotes.
    ///   - onSettled: Called by ``refresh(sequence:_:)``, on its thread, with what the ledger has paid since the last time.
    /// - Throws: `.log` if another process has the folder open, or it cannot be read. One that cannot be written now says so
    ///   in ``logFailure``.
    public init(
        folder: String, key: SigningKey, network: NetworkID, settings: PayeeSettings = .init(),
        log logSettings: AckLogSettings = .init(),
        onSettled: @escaping @Sendable ([ChannelPayment]) -> Void = { _ in }
    ) throws(ChannelsError) {
        let (log, channels) = try AckLog.open(folder: folder, network: network, settings: logSettings)
        self.log = log
        self.key = key
        self.network = network
        self.onSettled = onSettled
        node = key.publicKey.node
        let shelf = Shelf(
            PayeeBook(network: network, node: key.publicKey, settings: settings, recovered: channels))
        self.shelf = shelf
        log.start { shelf.snapshot(log) }
    }

    deinit { log.close() }

    // MARK: The ledger

    /// Tells what the ledger says now: new settlements, closings, channels that are gone.
    ///
    /// - Parameters:
    ///   - sequence: The last entry that was applied: a channel of a later one is only not known yet.
    ///   - record: Finds an open channel. No lock is held meanwhile.
    /// - Throws: `.log` if what is gone cannot be noted: then it is looked up again after the next start.
    public func refresh(
        sequence: UInt64, _ record: (ChannelID) -> ChannelRecord?
    ) throws(ChannelsError) {
        let found = shelf.book.withLock(\.known).map { (known: $0, record: record($0.key.channel)) }
        let (payments, failure) = shelf.book.withLock { book in
            (book.refresh(sequence: sequence, found), write(&book))
        }
        if !payments.isEmpty { onSettled(payments) }
        if let failure { throw failure }
    }

    /// The channels that were presented and are open on the ledger, with what may be settled of each. In no order.
    public var openChannels: [PayeePosition] { shelf.book.withLock(\.positions) }

    // MARK: Sessions

    /// What this node asks now, signed.
    public func quote(_ request: QuoteRequest, at milliseconds: Int64) throws -> SessionQuote {
        let settings = shelf.book.withLock(\.settings)
        return try SessionQuote(
            network: network, payer: request.payer, commodity: request.commodity,
            unitPrice: settings.prices[request.commodity] ?? 1, permille: settings.permille,
            expiresMilliseconds: milliseconds + settings.quoteMilliseconds, key: key)
    }

    /// Changes the multiplier that new quotes have, such as with the load; open sessions keep theirs. Clamped to 1 …
    /// ``SessionQuote/maxPermille``.
    public func setMultiplier(permille: UInt32) {
        shelf.book.withLock { $0.settings.permille = min(max(1, permille), SessionQuote.maxPermille) }
    }

    /// Opens a session. A second one of the same chain ends the first.
    ///
    /// - Parameters:
    ///   - record: The channel on the ledger; nil if there is none.
    ///   - holder: Who is connected, as the connection proves.
    ///   - milliseconds: The time, since 1970.
    /// - Throws: A ``ChannelsError`` that says what is wrong with the channel, the grant or the quote.
    public func open(
        _ opening: SessionOpening, record: ChannelRecord?, holder: NodeID, at milliseconds: Int64
    ) throws(ChannelsError) -> SessionOpened {
        let terms = try shelf.book.withLock { book throws(ChannelsError) in
            try book.check(opening, record, at: milliseconds).terms
        }
        // Acknowledgments of others go on while signatures are verified.
        try opening.verify(
            network: network, payee: key.publicKey, terms: terms, holder: holder, at: milliseconds)
        return try shelf.book.withLock { book throws(ChannelsError) in
            let opened = try book.openVerified(opening, record: record, holder: holder, at: milliseconds)
            // Of a channel that made room; if it is not written, it is found to be settled after the next start.
            _ = write(&book)
            return opened
        }
    }

    /// Takes an acknowledgment. It is durable some milliseconds later.
    ///
    /// - Returns: Units that it adds; 0 for the last one again.
    /// - Throws: A ``ChannelsError``. After `.log` nothing more is accepted until the log can be written again, so that nothing
    ///   more is delivered.
    public func acknowledge(_ ack: SessionAck, holder: NodeID) throws(ChannelsError) -> UInt64 {
        try shelf.book.withLock { book throws(ChannelsError) in
            try log.admit()
            let units = try book.acknowledge(ack, holder: holder)
            if let failure = write(&book) { throw failure }
            return units
        }
    }

    /// Takes what requests acknowledge and counts the units that they want, in their order: cheaper for many of different
    /// chains than one after the other. What was acknowledged is durable some milliseconds later; units that were counted
    /// may be sent when this returns.
    ///
    /// - Returns: An answer for each. Refusals are those of ``acknowledge(_:holder:)`` and
    ///   ``charge(_:session:holder:commodity:at:)``; with units wanted, an acknowledgment that is older than the last is
    ///   passed over.
    public func admit(_ requests: [UnitRequest], at milliseconds: Int64) -> [UnitAnswer] {
        shelf.book.withLock { book in
            do throws(ChannelsError) {
                try log.admit(requests.reduce(0) { $0 + $1.acknowledgments.count })
            } catch {
                return requests.map { _ in UnitAnswer(refusal: error) }
            }
            let answers = book.admit(requests, at: milliseconds)
            guard let failure = write(&book) else { return answers }
            return answers.map { _ in UnitAnswer(refusal: failure) }
        }
    }

    /// Takes a voucher. It is durable some milliseconds later.
    ///
    /// - Returns: Units that it adds.
    /// - Throws: A ``ChannelsError``. A voucher that the payer did not sign ends the session.
    public func take(_ voucher: SessionVoucher, holder: NodeID) throws(ChannelsError) -> UInt64 {
        let claim = try shelf.book.withLock { book throws(ChannelsError) in
            try log.admit()
            return try book.check(voucher, holder: holder)
        }
        do throws(ChannelsError) { try claim.verify() } catch {
            shelf.book.withLock { book in
                if let place = try? book.place(of: voucher.session, holder) { book.blame(place) }
            }
            throw error
        }
        return try shelf.book.withLock { book throws(ChannelsError) in
            try log.admit()
            let units = try book.takeVerified(voucher, holder: holder)
            if let failure = write(&book) { throw failure }
            return units
        }
    }

    /// Hands what changed to the log; what went wrong, if something did.
    private func write(_ book: inout PayeeBook) -> ChannelsError? {
        guard !book.unwritten.isEmpty else { return nil }
        defer { book.unwritten.removeAll(keepingCapacity: true) }
        do throws(ChannelsError) {
            try log.append(book.unwritten)
            return nil
        } catch {
            return error
        }
    }

    /// Counts units as delivered, before they are: when this returns, they may be sent.
    ///
    /// - Parameter commodity: What they are of.
    /// - Returns: Where more can be counted later, see ``chargeAfterwards(_:on:)``.
    /// - Throws: `.credit` when too much is unacknowledged, `.quoteExpired`, `.channelEnded`, `.exhausted`,
    ///   `.unknownSession`, `.unknownChannel` for a session that pays for something else, or `.log`: what a call owes is
    ///   noted.
    @discardableResult
    public func charge(
        _ units: UInt64 = 1, session: UInt32, holder: NodeID, commodity: Commodity, at milliseconds: Int64
    ) throws(ChannelsError) -> UnitTicket {
        try shelf.book.withLock { book throws(ChannelsError) in
            try log.admit()
            let ticket = try book.charge(
                units, session: session, holder: holder, commodity: commodity, at: milliseconds)
            if let failure = write(&book) { throw failure }
            return ticket
        }
    }

    /// Counts units that were used before anybody knew how many: computing time. It may go above the window; then nothing
    /// more begins until it is acknowledged, in whatever session of the channel, also after a restart of this node.
    public func chargeAfterwards(_ units: UInt64, on ticket: UnitTicket) {
        shelf.book.withLock { book in
            book.charge(units, on: ticket)
            // While that fails, no call of anybody begins.
            _ = write(&book)
        }
    }

    /// Whether the channel in which units were counted owes no more than what is delivered on credit; false for one that
    /// is gone.
    public func isWithinCredit(_ ticket: UnitTicket) -> Bool {
        shelf.book.withLock { $0.isWithinCredit(ticket) }
    }

    /// Takes back what was charged and could not be delivered.
    public func refund(_ units: UInt64 = 1, session: UInt32, holder: NodeID) {
        shelf.book.withLock { book in
            book.refund(units, session: session, holder: holder)
            _ = write(&book)
        }
    }

    /// What a session owes, in units of a chain of weight 1.
    public func owed(session: UInt32, holder: NodeID) throws(ChannelsError) -> UInt64 {
        try shelf.book.withLock { book throws(ChannelsError) in try book.owed(session: session, holder: holder) }
    }

    // MARK: The disk

    /// Waits until all acknowledgments that were taken so far are on the disk.
    ///
    /// - Throws: `.log` if they cannot be written. Cancelling the task does not end the wait.
    public func flush() async throws(ChannelsError) {
        let result = await withCheckedContinuation { continuation in
            log.whenDurable { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Why nothing is accepted at present: the log cannot be written, and is tried again every few seconds. Nil else.
    public var logFailure: ChannelsError? { log.failure }

    /// Log records that are on the disk since this was opened: one for each acknowledgment, some more for new channels and
    /// for what calls owe.
    public var durableRecords: UInt64 { log.durableCount }

    /// Writes what is left and gives the folder free. Blocks for a write; nothing is accepted any more.
    public func close() { log.close() }
}
