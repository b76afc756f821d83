import Blake3
public import Foundation
public import Identity
public import Ledger

/// A payer's word that a holder, known by the key of its connection, may be delivered to at the channel's cost.
///
/// Without it anybody who reads a channel's id on the ledger could use up its credit.
public struct SessionGrant: Hashable, Sendable {
    private static let domain = Data("skerry 2026-11 channel grant\n".utf8)

    public let network: NetworkID
    public let channel: ChannelID
    /// Who connects: another node, or the payer's own key as a node's.
    public let holder: NodeID
    /// When it was signed; milliseconds since 1970.
    public let milliseconds: Int64

    public init(network: NetworkID, channel: ChannelID, holder: NodeID, milliseconds: Int64) {
        self.network = network
        self.channel = channel
        self.holder = holder
        self.milliseconds = milliseconds
    }

    /// The payer's signature, 64 bytes.
    public func sign(with payerKey: SigningKey) throws -> Data { try payerKey.sign(message) }

    /// Whether the payer signed it. Any bytes are allowed.
    public func isValid(_ signature: Data, by payerKey: PublicKey) -> Bool {
        payerKey.isValidSignature(signature, for: message)
    }

    private var message: Data {
        var writer = OctetWriter()
        writer.write(network.digest)
        writer.write(channel.digest)
        writer.write(holder.digest)
        writer.write(milliseconds)
        return SessionGrant.domain + Data(writer.bytes)
    }
}
