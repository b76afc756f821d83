public import Foundation
public import Identity

/// What a payer signs instead of revealing links one by one: that so many units of a channel are acknowledged.
public struct Voucher: Hashable, Sendable {
    private static let domain = Data("skerry 2026-11 channel voucher\n".utf8)

    public let network: NetworkID
    public let channel: ChannelID
    public let commodity: Commodity
    /// Of the commodity, since the channel was opened.
    public let units: UInt64

    public init(network: NetworkID, channel: ChannelID, commodity: Commodity, units: UInt64) {
        self.network = network
        self.channel = channel
        self.commodity = commodity
        self.units = units
    }

    /// The signature that settles the units. The key is that of the payer's account.
    public func sign(with payerKey: SigningKey) throws -> Data { try payerKey.sign(message) }

    /// Whether `signature` is that of the payer's key. Any bytes are allowed.
    public func isValid(_ signature: Data, by payerKey: PublicKey) -> Bool {
        payerKey.isValidSignature(signature, for: message)
    }

    /// Domain ‖ network ‖ channel ‖ commodity ‖ units: 32, 32, 1 and 8 bytes behind the domain, numbers big-endian.
    private var message: Data {
        var encoder = RowEncoder()
        encoder.append(network.digest)
        encoder.append(channel.digest)
        encoder.append(commodity.code)
        encoder.append(units)
        return Voucher.domain + Data(encoder.bytes)
    }
}
