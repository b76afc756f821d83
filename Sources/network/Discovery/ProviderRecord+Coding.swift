import Blake3
package import Foundation
package import Identity
import SwiftProtobuf
package import Wire

extension ProviderRecord {
    /// What every signed body begins with, so that a signature over a record cannot pass as one over anything else.
    private static let domain = Data("skerry 2026-11 provider record\n".utf8)
    private static let signatureByteCount = 64

    /// Makes and signs a record.
    ///
    /// - Throws: What the crypto library throws if the key cannot sign.
    package static func sign(
        key: BlobID, sequence: UInt64, expiresMillis: Int64, isWithdrawn: Bool, network: Data, with signer: SigningKey
    ) throws -> ProviderRecord {
        let provider = signer.publicKey.node
        let body = PeerPBProviderRecordBody.with {
            $0.network = network
            $0.key = Data(key.digest.bytes)
            $0.provider = Data(provider.digest.bytes)
            $0.sequence = sequence
            $0.expiresMs = expiresMillis
            $0.withdrawn = isWithdrawn
        }
        let bytes: Data = try body.serializedBytes()
        return ProviderRecord(
            key: key, provider: provider, sequence: sequence, expiresMillis: expiresMillis, isWithdrawn: isWithdrawn,
            signed: Array(try signer.sign(domain + bytes)) + Array(bytes))
    }

    /// Reads a record as it came from a peer. Its signature is not verified yet.
    ///
    /// - Throws: `.tooLarge`, `.malformed` or `.wrongNetwork`.
    package init(unverified message: PeerPBProviderRecord, network: Data) throws(DiscoveryError) {
        let byteCount = message.body.count + message.signature.count
        guard byteCount <= DiscoverySettings.maxRecordBytes else {
            throw DiscoveryError(
                .tooLarge, "A record has \(byteCount) bytes; the limit is \(DiscoverySettings.maxRecordBytes)")
        }
        guard message.signature.count == ProviderRecord.signatureByteCount,
            let body = try? PeerPBProviderRecordBody(serializedBytes: message.body),
            let key = Digest(body.key), let provider = Digest(body.provider)
        else {
            throw DiscoveryError(.malformed, "A record cannot be read; its sender speaks another protocol")
        }
        guard body.network == network else {
            throw DiscoveryError(.wrongNetwork, "A record was made for another network; its sender mixes networks up")
        }
        self.init(
            key: BlobID(key), provider: NodeID(provider), sequence: body.sequence, expiresMillis: body.expiresMs,
            isWithdrawn: body.withdrawn, signed: Array(message.signature) + Array(message.body))
    }

    /// The record as it travels.
    package var message: PeerPBProviderRecord {
        PeerPBProviderRecord.with {
            $0.signature = Data(signed.prefix(ProviderRecord.signatureByteCount))
            $0.body = Data(signed.dropFirst(ProviderRecord.signatureByteCount))
        }
    }

    /// Whether the bytes are signed by `key`, which must be the provider's.
    package func isSigned(by key: PublicKey) -> Bool {
        guard key.node == provider, signed.count > ProviderRecord.signatureByteCount else { return false }
        let signature = Data(signed.prefix(ProviderRecord.signatureByteCount))
        return key.isValidSignature(signature, for: ProviderRecord.domain + message.body)
    }
}
