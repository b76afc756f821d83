import Foundation
import SwiftProtobuf

extension Message {
    /// Reads bytes that are the one encoding of a message.
    ///
    /// Whatever is hashed or signed must mean the same to every node, so unknown fields, repeated singular fields and
    /// other liberties of the format are refused: what was read must encode to the same bytes.
    ///
    /// - Throws: `.tooLarge` above `limit` bytes, `.malformed` for anything that is no canonical encoding.
    static func decodeCanonical(_ bytes: Data, limit: Int, what: String) throws(LedgerError) -> Self {
        guard bytes.count <= limit else {
            throw LedgerError(.tooLarge, "The \(what) has \(bytes.count) bytes; at most \(limit) are allowed")
        }
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        guard let message = try? Self(serializedBytes: bytes, options: options), message.canonicalBytes == bytes else {
            throw LedgerError(
                .malformed, "The \(what) is not encoded as this version expects; is the other side's software current?")
        }
        return message
    }

    /// The one encoding. Empty if the message cannot be encoded, which takes a string of 2 GiB.
    var canonicalBytes: Data { (try? serializedData()) ?? Data() }
}
