import Blake3
public import Foundation
public import Identity
public import Ledger

/// Opens a session: a payer presents a channel. The body of a frame; all integers are big-endian.
public struct SessionOpening: Hashable, Sendable {
    private static let version: UInt8 = 1
    /// The longest encoding.
    public static let maxByteCount = 1 + 1 + 32 + 8 + 64 + 4 + 2 + 2 + SessionQuote.byteCount

    public let channel: ChannelID
    public let commodity: Commodity
    /// The time of the ``SessionGrant`` and its signature.
    public let grantMilliseconds: Int64
    public let grant: Data
    /// Another session of the same holder whose credit this chain shares, so that one link of it covers ``weight`` units:
    /// see ``RadixChains``. 0 for a session of its own.
    public let sharing: UInt32
    /// 1, 64 or 4,096.
    public let weight: UInt16
    /// The quote that is accepted; nil accepts whatever the node asks, which its answer tells.
    public let quote: SessionQuote?

    public init(
        channel: ChannelID, commodity: Commodity, grantMilliseconds: Int64, grant: Data, sharing: UInt32 = 0,
        weight: UInt16 = 1, quote: SessionQuote? = nil
    ) {
        self.channel = channel
        self.commodity = commodity
        self.grantMilliseconds = grantMilliseconds
        self.grant = grant
        self.sharing = sharing
        self.weight = weight
        self.quote = quote
    }

    /// - Throws: `.malformed` or `.badQuote`.
    public init(bytes: [UInt8]) throws(ChannelsError) {
        var reader = OctetReader(bytes)
        guard reader.number(UInt8.self) == SessionOpening.version,
            let octet: UInt8 = reader.number(), let commodity = Commodity(octet: octet), let channel = reader.digest(),
            let time: UInt64 = reader.number(), let grant = reader.take(64), let sharing: UInt32 = reader.number(),
            let weight: UInt16 = reader.number(), RadixChains.weights.contains(UInt64(weight)),
            let count: UInt16 = reader.number(), let quote = reader.take(Int(count)), reader.isAtEnd
        else { throw ChannelsError(.malformed, "The bytes open no session; update the older side") }
        self.init(
            channel: ChannelID(channel), commodity: commodity, grantMilliseconds: Int64(bitPattern: time),
            grant: Data(grant), sharing: sharing, weight: weight,
            quote: quote.isEmpty ? nil : try SessionQuote(bytes: quote))
    }

    /// Version 1, commodity 1, channel 32, time 8, grant 64, sharing 4, weight 2, quote's length 2, quote.
    public var bytes: [UInt8] {
        var writer = OctetWriter()
        writer.write(SessionOpening.version)
        writer.write(commodity.octet)
        writer.write(channel.digest)
        writer.write(grantMilliseconds)
        writer.write(grant)
        writer.write(sharing)
        writer.write(weight)
        let quote = quote?.bytes ?? []
        writer.write(UInt16(quote.count))
        writer.write(quote)
        return writer.bytes
    }
}

/// The node's answer to a ``SessionOpening``.
public struct SessionOpened: Hashable, Sendable {
    /// Names the session on this connection and every other of the holder; never 0.
    public let session: UInt32
    /// The highest link that the node has, so that a payer that restarted goes on behind it.
    public let last: ChainLink
    /// Links that the node delivered for and has not got; a payer pays what it asked for, or takes another node.
    public let owed: UInt32
    public let window: UInt16
    /// What a unit costs, in thousandths of a link.
    public let permille: UInt32
    /// Until when the session holds; milliseconds since 1970.
    public let expiresMilliseconds: Int64

    public init(
        session: UInt32, last: ChainLink, owed: UInt32, window: UInt16, permille: UInt32, expiresMilliseconds: Int64
    ) {
        self.session = session
        self.last = last
        self.owed = owed
        self.window = window
        self.permille = permille
        self.expiresMilliseconds = expiresMilliseconds
    }

    /// - Throws: `.malformed`.
    public init(bytes: [UInt8]) throws(ChannelsError) {
        var reader = OctetReader(bytes)
        guard let session: UInt32 = reader.number(), session != 0, let last = reader.link(),
            let owed: UInt32 = reader.number(), let window: UInt16 = reader.number(), window > 0,
            let permille: UInt32 = reader.number(), (1...SessionQuote.maxPermille).contains(permille),
            let expires: UInt64 = reader.number(), reader.isAtEnd
        else { throw ChannelsError(.malformed, "The node's answer describes no session; update the older side") }
        self.init(
            session: session, last: last, owed: owed, window: window, permille: permille,
            expiresMilliseconds: Int64(bitPattern: expires))
    }

    /// Session 4, index 8, link 32, owed 4, window 2, thousandths 4, expiry 8.
    public var bytes: [UInt8] {
        var writer = OctetWriter()
        writer.write(session)
        writer.write(last)
        writer.write(owed)
        writer.write(window)
        writer.write(permille)
        writer.write(expiresMilliseconds)
        return writer.bytes
    }
}

/// An acknowledgment that travels by itself.
public struct SessionAck: Hashable, Sendable {
    /// Session 4, index 8, link 32.
    public static let byteCount = 44

    public let session: UInt32
    public let link: ChainLink

    public init(session: UInt32, link: ChainLink) {
        self.session = session
        self.link = link
    }

    /// - Throws: `.malformed`.
    public init(bytes: [UInt8]) throws(ChannelsError) {
        var reader = OctetReader(bytes)
        guard let session: UInt32 = reader.number(), let link = reader.link(), reader.isAtEnd else {
            throw ChannelsError(.malformed, "The bytes acknowledge nothing: 44 bytes with a canonical link are due")
        }
        self.init(session: session, link: link)
    }

    public var bytes: [UInt8] {
        var writer = OctetWriter()
        writer.write(session)
        writer.write(link)
        return writer.bytes
    }
}

/// A voucher that a payer hands over so that the channel can be settled with one signature.
public struct SessionVoucher: Hashable, Sendable {
    public let session: UInt32
    public let voucher: PayeeChannel.SignedVoucher

    public init(session: UInt32, voucher: PayeeChannel.SignedVoucher) {
        self.session = session
        self.voucher = voucher
    }

    /// Signs a voucher with the payer's account key.
    public init(
        session: UInt32, channel: ChannelID, commodity: Commodity, units: UInt64, network: NetworkID, key: SigningKey
    ) throws {
        let voucher = Voucher(network: network, channel: channel, commodity: commodity, units: units)
        self.init(session: session, voucher: .init(units: units, signature: try voucher.sign(with: key)))
    }

    /// - Throws: `.malformed`.
    public init(bytes: [UInt8]) throws(ChannelsError) {
        var reader = OctetReader(bytes)
        guard let session: UInt32 = reader.number(), let units: UInt64 = reader.number(),
            let signature = reader.take(64), reader.isAtEnd
        else { throw ChannelsError(.malformed, "The bytes are no voucher: 76 bytes are due") }
        self.init(session: session, voucher: .init(units: units, signature: Data(signature)))
    }

    /// Session 4, units 8, signature 64.
    public var bytes: [UInt8] {
        var writer = OctetWriter()
        writer.write(session)
        writer.write(voucher.units)
        writer.write(voucher.signature)
        return writer.bytes
    }
}

/// Asks a node what it wants for a commodity.
public struct QuoteRequest: Hashable, Sendable {
    public let payer: AccountID
    public let commodity: Commodity

    public init(payer: AccountID, commodity: Commodity) {
        self.payer = payer
        self.commodity = commodity
    }

    /// - Throws: `.malformed`.
    public init(bytes: [UInt8]) throws(ChannelsError) {
        var reader = OctetReader(bytes)
        guard let payer = reader.digest(), let octet: UInt8 = reader.number(),
            let commodity = Commodity(octet: octet), reader.isAtEnd
        else { throw ChannelsError(.malformed, "The bytes ask for no quote: 33 bytes are due") }
        self.init(payer: AccountID(payer), commodity: commodity)
    }

    /// Payer 32, commodity 1.
    public var bytes: [UInt8] {
        var writer = OctetWriter()
        writer.write(payer.digest)
        writer.write(commodity.octet)
        return writer.bytes
    }
}
