public import Foundation
import SwiftProtobuf
import Wire

/// A certificate whose checkpoint hands over to another committee, and that committee.
public struct Handover: Hashable, Sendable {
    /// The largest encoding in bytes.
    public static let maxByteCount = Certificate.maxByteCount + 64 * Committee.maxCount + 64

    public let certificate: Certificate
    public let nextCommittee: Committee

    /// Puts both together; nothing is verified.
    public init(certificate: Certificate, nextCommittee: Committee) {
        self.certificate = certificate
        self.nextCommittee = nextCommittee
    }

    /// Reads ``bytes``; no signature is verified, ``LightClient`` does that.
    ///
    /// - Throws: `.malformed` or `.tooLarge`. Any bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBHandover.decodeCanonical(bytes, limit: Handover.maxByteCount, what: "handover")
        self.init(
            certificate: try Certificate(decoding: message.certificate),
            nextCommittee: try Committee(decoding: message.nextCommittee))
    }

    /// The one encoding.
    public var bytes: Data {
        LedgerPBHandover.with {
            $0.certificate = certificate.bytes
            $0.nextCommittee = nextCommittee.bytes
        }.canonicalBytes
    }
}
