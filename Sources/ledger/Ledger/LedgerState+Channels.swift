import Blake3
import Foundation
import Identity

extension LedgerState {
    /// Channels that an account may have open at a time.
    public static let maxChannelsPerAccount: UInt64 = 10_000

    mutating func performOnChannel(_ transaction: SignedTransaction, _ timeMilliseconds: Int64) throws(LedgerError) {
        switch transaction.action {
        case .openChannel(let channel): try open(channel, transaction, timeMilliseconds)
        case .settleChannels(let settlements, let proof):
            try settle(settlements, proof: proof, transaction.signer, timeMilliseconds)
        case .closeChannel(let id): try close(id, transaction.signer, timeMilliseconds)
        default: throw LedgerError(.unsupported, "This is nothing that is done to channels; update the node")
        }
    }

    // MARK: Opening

    private mutating func open(
        _ channel: NewChannel, _ transaction: SignedTransaction, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        let payer = try requireAccount(transaction.signer)
        let deposit = try channel.deposit()
        let longest = timeMilliseconds.addingClamped(NewChannel.maxLifetimeMilliseconds)
        guard channel.expiresMilliseconds > timeMilliseconds, channel.expiresMilliseconds <= longest else {
            throw LedgerError(
                .badChannel,
                "The channel expires at \(channel.expiresMilliseconds) ms; choose a time behind \(timeMilliseconds) ms "
                    + "and up to \(longest) ms")
        }
        guard try registered(channel.payee).isParticipating else {
            throw LedgerError(
                .wrongParticipation, "The node \(channel.payee.short) does not take part; open a channel to another")
        }
        var account = try existing(payer)
        guard account.channelCount < LedgerState.maxChannelsPerAccount else {
            throw LedgerError(.limitReached, "The account has \(account.channelCount) channels open; close some first")
        }
        try spend(deposit, from: &account, for: "the deposit")
        let id = ChannelID(transaction.id)
        for chain in channel.chains {
            guard anchorTable[AnchorRecord.path(chain.anchor)] == nil else {
                throw LedgerError(.badChannel, "The anchor \(chain.anchor) is another chain's; make a new chain")
            }
            anchorTable.put(AnchorRecord(anchor: chain.anchor, channel: id))
        }
        account.channelCount += 1
        accountTable.put(account)
        channelTable.put(
            ChannelRecord(
                id: id, payer: payer, payerKey: transaction.publicKey, payee: channel.payee,
                expiresMilliseconds: channel.expiresMilliseconds, openedSequence: sequence &+ 1, deposit: deposit,
                chains: channel.chains.map(ChannelRecord.Chain.init)))
    }

    // MARK: Closing

    /// The payee closes at once, the payer after a grace, and anybody what has ended.
    private mutating func close(
        _ id: ChannelID, _ signer: Signer, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        var channel = try opened(id)
        let grace = parameters.channelGraceMilliseconds
        let isPayee = (try? managed(channel.payee, signer)) != nil
        if isPayee || timeMilliseconds > channel.endMilliseconds(grace: grace) {
            try finish(channel)
            return
        }
        guard signer == .account(channel.payer) else {
            throw LedgerError(
                .notAuthorised, "Only the channel's payer \(channel.payer) and its payee may close it before it ends")
        }
        guard channel.closingMilliseconds == nil else {
            throw LedgerError(
                .channelState,
                "The channel is closing; finish it behind \(channel.endMilliseconds(grace: grace)) ms, this is "
                    + "\(timeMilliseconds)")
        }
        channel.closingMilliseconds = timeMilliseconds.addingClamped(grace)
        channelTable.put(channel)
    }

    private mutating func finish(_ channel: ChannelRecord) throws(LedgerError) {
        var payer = try existing(channel.payer)
        payer.channelCount -= min(1, payer.channelCount)
        payer.balance = try adding(channel.refund, to: payer.balance)
        accountTable.put(payer)
        for chain in channel.chains { anchorTable.remove(AnchorRecord.path(chain.anchor)) }
        channelTable.remove(channel.path)
    }

    /// A channel that is open.
    func opened(_ id: ChannelID) throws(LedgerError) -> ChannelRecord {
        guard let record = channel(id) else { throw LedgerState.notOpen(id) }
        return record
    }

    static func notOpen(_ id: ChannelID) -> LedgerError {
        LedgerError(.unknownChannel, "No channel \(id) is open; it was closed or never opened")
    }
}
