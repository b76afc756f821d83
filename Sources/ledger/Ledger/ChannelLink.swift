import Foundation
import Stark

/// How the links of a channel's chain follow from each other: the number in rows and messages. A link is a
/// ``PoseidonLink``; the field is there so that another function can come beside it.
public enum ChannelLink {
    /// The Poseidon link of `Stark`.
    public static let poseidon: UInt8 = 2

    static func check(_ function: some BinaryInteger) throws(LedgerError) {
        guard function == poseidon else {
            throw LedgerError(.badChannel, "The link function \(function) is unknown; use \(poseidon)")
        }
    }
}

extension PoseidonLink {
    var data: Data { Data(bytes) }

    static func decode(_ bytes: Data, what: String) throws(LedgerError) -> PoseidonLink {
        guard let link = PoseidonLink(bytes: bytes) else {
            throw LedgerError(
                .malformed, "The \(what) is no link: that takes 32 bytes, 8 numbers below the field's order")
        }
        return link
    }
}
