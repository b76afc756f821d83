import Identity
import Ledger

extension SessionOpening {
    /// Verifies the quote, if there is one, and the payer's grant: some 50 µs each, so no lock should be held meanwhile.
    ///
    /// - Parameters:
    ///   - payee: The key of the node that is asked.
    ///   - terms: The channel's.
    ///   - holder: Who is connected.
    /// - Throws: `.badQuote`, `.quoteExpired` or `.notAuthorised`.
    func verify(
        network: NetworkID, payee: PublicKey, terms: PayeeChannel.Terms, holder: NodeID, at milliseconds: Int64
    ) throws(ChannelsError) {
        try quote?.check(
            network: network, payee: payee, payer: terms.payer, commodity: commodity, at: milliseconds)
        let grant = SessionGrant(
            network: network, channel: channel, holder: holder, milliseconds: grantMilliseconds)
        guard grant.isValid(self.grant, by: terms.payerKey) else {
            throw ChannelsError(.notAuthorised, "The channel's payer did not sign that \(holder.short) may use it")
        }
    }
}
