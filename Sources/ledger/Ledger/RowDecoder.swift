import Blake3
import Foundation
import Identity
import Stark

/// Reads what ``RowEncoder`` writes. Any bytes are allowed; nothing is allocated beyond what they hold.
struct RowDecoder {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Bytes that were not read yet.
    var remaining: Int { bytes.count - position }

    mutating func byte() throws(LedgerError) -> UInt8 {
        guard remaining > 0 else { throw RowDecoder.tooShort }
        position += 1
        return bytes[position - 1]
    }

    mutating func bool() throws(LedgerError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        case let other: throw LedgerError(.malformed, "A row has a truth value of \(other) instead of 0 or 1")
        }
    }

    mutating func uint64() throws(LedgerError) -> UInt64 {
        guard remaining >= 8 else { throw RowDecoder.tooShort }
        position += 8
        return bytes[position - 8..<position].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func int64() throws(LedgerError) -> Int64 { Int64(bitPattern: try uint64()) }

    mutating func uint32() throws(LedgerError) -> UInt32 {
        let value = try uint64()
        guard let narrow = UInt32(exactly: value) else {
            throw LedgerError(.malformed, "A row has the number \(value) where at most \(UInt32.max) can be")
        }
        return narrow
    }

    /// The number of elements that follow, each of which takes at least `elementByteCount` bytes.
    mutating func count(elementByteCount: Int) throws(LedgerError) -> Int {
        let value = try uint64()
        guard let count = Int(exactly: value), count <= remaining / max(1, elementByteCount) else {
            throw RowDecoder.tooShort
        }
        return count
    }

    mutating func digest() throws(LedgerError) -> Digest {
        guard remaining >= Digest.byteCount, let digest = Digest(bytes[position..<position + Digest.byteCount]) else {
            throw RowDecoder.tooShort
        }
        position += Digest.byteCount
        return digest
    }

    mutating func link() throws(LedgerError) -> PoseidonLink {
        try PoseidonLink.decode(try digest().data, what: "row's link")
    }

    mutating func data() throws(LedgerError) -> Data {
        let count = try count(elementByteCount: 1)
        position += count
        return Data(bytes[position - count..<position])
    }

    /// Every character, also a byte order mark at the begin, which Foundation would take away: a row must come back as it
    /// was, or its hash is another one.
    mutating func text() throws(LedgerError) -> String {
        guard let text = String(validating: try data(), as: UTF8.self) else {
            throw LedgerError(.malformed, "A row has text that is not UTF-8")
        }
        return text
    }

    mutating func publicKey() throws(LedgerError) -> PublicKey { try PublicKey.decode(try data(), what: "row's key") }

    mutating func endpoint() throws(LedgerError) -> Endpoint? {
        guard try bool() else { return nil }
        let host = try text()
        guard let port = UInt16(exactly: try uint64()) else {
            throw LedgerError(.malformed, "A row has a port above 65535")
        }
        return try Endpoint(host: host, port: port)
    }

    private static let tooShort = LedgerError(.malformed, "A row ends too early")
}
