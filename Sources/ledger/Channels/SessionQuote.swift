import Blake3
public import Foundation
public import Identity
public import Ledger

/// What a node asks for units of a commodity, signed by it, for one payer and a short time.
///
/// A payer accepts it by opening a session with it; from then on each unit costs what the quote says until it expires. The
/// price is what a channel's unit price must be at least; the multiplier moves the cost of a unit without a new channel: at
/// 1,500 thousandths two units cost three links.
public struct SessionQuote: Hashable, Sendable {
    /// The highest multiplier: 64 links a unit, which one acknowledgment still covers.
    public static let maxPermille: UInt32 = 64_000
    /// The length of ``bytes``.
    public static let byteCount = 32 + 32 + 32 + 1 + 8 + 4 + 8 + 64
    private static let domain = Data("skerry 2026-11 channel quote\n".utf8)

    public let network: NetworkID
    /// The node that asks it.
    public let payee: NodeID
    public let payer: AccountID
    public let commodity: Commodity
    /// In units of money; of one link of weight 1.
    public let unitPrice: UInt64
    /// What one unit costs, in thousandths of a link; 1 to ``maxPermille``.
    public let permille: UInt32
    /// After this it may not be accepted, nor is anything more delivered under it; milliseconds since 1970.
    public let expiresMilliseconds: Int64
    /// The payee's, over everything above.
    public let signature: Data

    /// Makes and signs a quote; `permille` is clamped.
    public init(
        network: NetworkID, payer: AccountID, commodity: Commodity, unitPrice: UInt64, permille: UInt32,
        expiresMilliseconds: Int64, key: SigningKey
    ) throws {
        let unsigned = SessionQuote(
            network: network, payee: key.publicKey.node, payer: payer, commodity: commodity, unitPrice: unitPrice,
            permille: min(max(1, permille), SessionQuote.maxPermille), expiresMilliseconds: expiresMilliseconds,
            signature: Data())
        self = SessionQuote(unsigned, signature: try key.sign(unsigned.message))
    }

    private init(
        network: NetworkID, payee: NodeID, payer: AccountID, commodity: Commodity, unitPrice: UInt64, permille: UInt32,
        expiresMilliseconds: Int64, signature: Data
    ) {
        self.network = network
        self.payee = payee
        self.payer = payer
        self.commodity = commodity
        self.unitPrice = unitPrice
        self.permille = permille
        self.expiresMilliseconds = expiresMilliseconds
        self.signature = signature
    }

    private init(_ quote: SessionQuote, signature: Data) {
        self.init(
            network: quote.network, payee: quote.payee, payer: quote.payer, commodity: quote.commodity,
            unitPrice: quote.unitPrice, permille: quote.permille, expiresMilliseconds: quote.expiresMilliseconds,
            signature: signature)
    }

    /// Reads ``bytes``; the signature is not checked, see ``isValid(for:payer:commodity:by:at:)``.
    ///
    /// - Throws: `.badQuote`.
    public init(bytes: some Collection<UInt8>) throws(ChannelsError) {
        var reader = OctetReader(Array(bytes))
        guard let network = reader.digest(), let payee = reader.digest(), let payer = reader.digest(),
            let octet: UInt8 = reader.number(), let commodity = Commodity(octet: octet),
            let unitPrice: UInt64 = reader.number(), let permille: UInt32 = reader.number(),
            let expires: UInt64 = reader.number(), let signature = reader.take(64), reader.isAtEnd,
            (1...SessionQuote.maxPermille).contains(permille)
        else { throw ChannelsError(.badQuote, "The bytes are no quote; ask the node for a new one") }
        self.init(
            network: NetworkID(network), payee: NodeID(payee), payer: AccountID(payer), commodity: commodity,
            unitPrice: unitPrice, permille: permille, expiresMilliseconds: Int64(bitPattern: expires),
            signature: Data(signature))
    }

    /// ``byteCount`` bytes: the fields in their order, integers big-endian.
    public var bytes: [UInt8] { fields + signature }

    /// Checks that this is the payee's quote for this payer and commodity, and still holds.
    ///
    /// - Throws: `.badQuote` or `.quoteExpired`.
    public func check(
        network: NetworkID, payee: PublicKey, payer: AccountID, commodity: Commodity, at milliseconds: Int64
    ) throws(ChannelsError) {
        guard self.network == network, self.payee == payee.node, self.payer == payer, self.commodity == commodity else {
            throw ChannelsError(
                .badQuote, "The quote is for another network, node, payer or commodity; ask for your own")
        }
        guard milliseconds < expiresMilliseconds else {
            throw ChannelsError(.quoteExpired, "The quote held until \(expiresMilliseconds) ms; ask for another")
        }
        guard payee.isValidSignature(signature, for: message) else {
            throw ChannelsError(.badQuote, "The quote is not signed by the node that it names; ask for a new one")
        }
    }

    private var message: Data { SessionQuote.domain + Data(fields) }

    private var fields: [UInt8] {
        var writer = OctetWriter()
        writer.write(network.digest)
        writer.write(payee.digest)
        writer.write(payer.digest)
        writer.write(commodity.octet)
        writer.write(unitPrice)
        writer.write(permille)
        writer.write(expiresMilliseconds)
        return writer.bytes
    }
}
