public import Identity

extension ChannelRecord {
    /// A channel as it is when it has just been opened.
    ///
    /// - Parameters:
    ///   - payerKey: The key that signed the opening; its account put the deposit aside.
    ///   - openedSequence: The entry that opened it.
    /// - Throws: What ``NewChannel/deposit()`` throws.
    public init(
        id: ChannelID, opening channel: NewChannel, payerKey: PublicKey, openedSequence: UInt64
    ) throws(LedgerError) {
        self.init(
            id: id, payer: payerKey.account, payerKey: payerKey, payee: channel.payee,
            expiresMilliseconds: channel.expiresMilliseconds, openedSequence: openedSequence,
            deposit: try channel.deposit(), chains: channel.chains.map(ChannelRecord.Chain.init))
    }
}
