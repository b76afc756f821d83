public import Blake3
import Foundation
public import Identity
public import Ledger
import Stark

/// The secret end of one hash chain.
///
/// Derived from the payer's key and from all that tells its channel from every other one, so that no chain ever serves
/// two channels, and nothing but the key has to be kept. A channel's id is the hash of a transaction that contains the
/// anchors, so it cannot be part of what the anchors come from; the transaction's nonce takes its place: of one account
/// the ledger applies each nonce once.
public struct ChainSeed: Sendable {
    private static let context = "skerry 2026-11 channel chain seed"

    /// The link that is revealed last.
    let tip: PoseidonLink

    /// - Parameters:
    ///   - key: The payer's account key.
    ///   - nonce: Of the transaction that opens the channel.
    public init(key: SigningKey, network: NetworkID, payee: NodeID, nonce: UInt64, commodity: Commodity) {
        // Derived once by itself, so that the account's seed is no part of longer material.
        let secret = key.rawRepresentation.withUnsafeBytes {
            Blake3.deriveKey(context: "skerry 2026-11 channel secret", $0)
        }
        self.init(secret: secret, network: network, payee: payee, nonce: nonce, commodity: commodity)
    }

    /// As above, for a secret of 32 random bytes that is kept for nothing else.
    public init(secret: Digest, network: NetworkID, payee: NodeID, nonce: UInt64, commodity: Commodity) {
        var material = secret.bytes
        material += network.digest.bytes
        material += payee.digest.bytes
        withUnsafeBytes(of: nonce.bigEndian) { material.append(contentsOf: $0) }
        material += Array(commodity.rawValue.utf8)
        tip = ChainSeed.link(from: material)
    }

    /// 8 words below p from 64 derived bytes: each from 8 bytes, so that none is likelier than others by more than 2^-33.
    private static func link(from material: [UInt8]) -> PoseidonLink {
        var words: [UInt8] = []
        for half: UInt8 in [0, 1] {
            let digest = (material + [half]).withUnsafeBytes { Blake3.deriveKey(context: context, $0) }
            digest.withUnsafeBytes { bytes in
                for place in stride(from: 0, to: Digest.byteCount, by: 8) {
                    let wide = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                    let word = UInt32(wide % KoalaBearOrder.value)
                    withUnsafeBytes(of: word.littleEndian) { words.append(contentsOf: $0) }
                }
            }
        }
        guard let link = PoseidonLink(bytes: words) else { preconditionFailure("Words below p make a link") }
        return link
    }
}

/// The order of the field that links are made of: 2^31 - 2^24 + 1.
enum KoalaBearOrder {
    static let value: UInt64 = 2_130_706_433
}
