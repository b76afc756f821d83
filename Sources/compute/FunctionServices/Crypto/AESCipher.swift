import Crypto
import CryptoExtras
import Foundation
import Functions

/// AES in the modes of the Web Cryptography API. Keys have 16, 24 or 32 bytes.
enum AESCipher {
    enum Direction: String, Codable, Sendable {
        case encrypt, decrypt
    }

    private static let blockBytes = 16
    private static let tagBytes = 16
    /// Shortest nonce; longer ones are hashed as NIST SP 800-38D says.
    private static let minNonceBytes = 12

    /// GCM (NIST SP 800-38D) with the tag behind the ciphertext, of 32 to 128 bits.
    static func gcm(
        _ direction: Direction, key: [UInt8], nonce: [UInt8], additional: [UInt8], data: [UInt8], tagBits: Int = 128
    ) throws -> [UInt8] {
        guard [32, 64, 96, 104, 112, 120, 128].contains(tagBits) else {
            throw CryptoFailure.operation("AES-GCM has tags of 32, 64, 96, 104, 112, 120 or 128 bits")
        }
        let tagBytes = tagBits / 8
        let key = try symmetricKey(key)
        guard nonce.count >= minNonceBytes else {
            throw CryptoFailure.operation("AES-GCM needs an iv of \(minNonceBytes) bytes or more")
        }
        do {
            let nonce = try AES.GCM.Nonce(data: nonce)
            switch direction {
            case .encrypt:
                let box = try AES.GCM.seal(data, using: key, nonce: nonce, authenticating: additional)
                return Array(box.ciphertext) + Array(box.tag.prefix(tagBytes))
            case .decrypt:
                guard data.count >= tagBytes else {
                    throw CryptoFailure.operation("the data is shorter than its tag")
                }
                if tagBytes < Self.tagBytes {
                    return try openShort(
                        data.dropLast(tagBytes), tag: data.suffix(tagBytes), key, nonce, additional)
                }
                let box = try AES.GCM.SealedBox(
                    nonce: nonce, ciphertext: data.dropLast(tagBytes), tag: data.suffix(tagBytes))
                return Array(try AES.GCM.open(box, using: key, authenticating: additional))
            }
        } catch let error as HostCallError {
            throw error
        } catch {
            throw CryptoFailure.operation("AES-GCM cannot \(direction.rawValue) this")
        }
    }

    /// Opens what has a short tag, which the library does not: the mode adds the same key stream in both directions, so
    /// that sealing the ciphertext gives the data, and sealing the data the whole tag.
    private static func openShort(
        _ ciphertext: ArraySlice<UInt8>, tag: ArraySlice<UInt8>, _ key: SymmetricKey, _ nonce: AES.GCM.Nonce,
        _ additional: [UInt8]
    ) throws -> [UInt8] {
        let plain = Array(try AES.GCM.seal(ciphertext, using: key, nonce: nonce).ciphertext)
        let box = try AES.GCM.seal(plain, using: key, nonce: nonce, authenticating: additional)
        // All bytes are compared, so that the time does not tell where they differ.
        let difference = zip(box.tag, tag).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        guard difference == 0 else { throw CryptoFailure.operation("AES-GCM cannot decrypt this") }
        return plain
    }

    /// AES Key Wrap (RFC 3394) of 16 bytes or more, in steps of 8.
    static func keyWrap(_ direction: Direction, key: [UInt8], data: [UInt8]) throws -> [UInt8] {
        let key = try symmetricKey(key)
        let least = direction == .encrypt ? blockBytes : blockBytes + 8
        guard data.count >= least, data.count.isMultiple(of: 8) else {
            throw CryptoFailure.operation("AES-KW takes \(least) bytes or more, a multiple of 8")
        }
        do {
            switch direction {
            case .encrypt: return Array(try AES.KeyWrap.wrap(SymmetricKey(data: data), using: key))
            case .decrypt: return try AES.KeyWrap.unwrap(data, using: key).withUnsafeBytes(Array.init)
            }
        } catch {
            throw CryptoFailure.operation("AES-KW cannot \(direction == .encrypt ? "wrap" : "unwrap") this")
        }
    }

    /// CBC (NIST SP 800-38A) with PKCS #7 padding.
    static func cbc(_ direction: Direction, key: [UInt8], iv: [UInt8], data: [UInt8]) throws -> [UInt8] {
        let key = try symmetricKey(key)
        guard iv.count == blockBytes else {
            throw CryptoFailure.operation("AES-CBC needs an iv of \(blockBytes) bytes")
        }
        do {
            let iv = try AES._CBC.IV(ivBytes: iv)
            switch direction {
            case .encrypt: return Array(try AES._CBC.encrypt(data, using: key, iv: iv))
            case .decrypt:
                guard !data.isEmpty, data.count.isMultiple(of: blockBytes) else {
                    throw CryptoFailure.operation("AES-CBC cannot decrypt this")
                }
                return Array(try AES._CBC.decrypt(data, using: key, iv: iv))
            }
        } catch {
            throw CryptoFailure.operation("AES-CBC cannot \(direction.rawValue) this")
        }
    }

    /// CTR (NIST SP 800-38A). The last `counterBits` bits of the counter block count, and wrap around among themselves.
    static func ctr(key: [UInt8], counter: [UInt8], counterBits: Int, data: [UInt8]) throws -> [UInt8] {
        let key = try symmetricKey(key)
        guard counter.count == blockBytes else {
            throw CryptoFailure.operation("AES-CTR needs a counter of \(blockBytes) bytes")
        }
        guard (1...128).contains(counterBits) else {
            throw CryptoFailure.operation("AES-CTR needs a counter length of 1 to 128 bits")
        }
        let blocks = (data.count + blockBytes - 1) / blockBytes
        // Bodies are far below 2^62 blocks, so that only shorter counters can run out.
        let space = counterBits < 62 ? 1 << counterBits : Int.max
        guard blocks <= space else { throw CryptoFailure.operation("the data is too long for this counter length") }
        let untilWrap =
            counterBits < 62 ? space - low(counter, bits: counterBits) : blocksUntilWrap(counter, counterBits)
        let firstBytes = untilWrap < blocks ? untilWrap * blockBytes : data.count
        do {
            var out = Array(
                try AES._CTR.encrypt(
                    Array(data.prefix(firstBytes)), using: key, nonce: AES._CTR.Nonce(nonceBytes: counter)))
            if firstBytes < data.count {
                let wrapped = clearing(counter, bits: counterBits)
                out += try AES._CTR.encrypt(
                    Array(data.dropFirst(firstBytes)), using: key, nonce: AES._CTR.Nonce(nonceBytes: wrapped))
            }
            return out
        } catch {
            throw CryptoFailure.operation("AES-CTR cannot process this")
        }
    }

    private static func symmetricKey(_ bytes: [UInt8]) throws -> SymmetricKey {
        guard [16, 24, 32].contains(bytes.count) else { throw CryptoFailure.data("an AES key has 16, 24 or 32 bytes") }
        return SymmetricKey(data: bytes)
    }

    /// The number in the last bits, at most 61 of them.
    private static func low(_ counter: [UInt8], bits: Int) -> Int {
        let word = counter.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(word & (1 << UInt64(bits) - 1))
    }

    /// As ``low(_:bits:)``'s complement for long counters: exact if it is small, otherwise more than any body has.
    private static func blocksUntilWrap(_ counter: [UInt8], _ bits: Int) -> Int {
        let inverted = clearingHigh(counter.map { ~$0 }, keeping: bits)
        guard inverted.prefix(8).allSatisfy({ $0 == 0 }) else { return .max }
        let rest = inverted.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return rest < UInt64(Int.max) ? Int(rest) + 1 : .max
    }

    /// With the last bits zero.
    private static func clearing(_ counter: [UInt8], bits: Int) -> [UInt8] { masked(counter) { $0 >= bits } }

    /// With all but the last bits zero.
    private static func clearingHigh(_ counter: [UInt8], keeping bits: Int) -> [UInt8] { masked(counter) { $0 < bits } }

    /// Keeps the bits whose number, counted from the end, satisfies the condition.
    private static func masked(_ counter: [UInt8], _ isKept: (Int) -> Bool) -> [UInt8] {
        counter.enumerated().map { index, byte in
            (0..<8).reduce(into: UInt8(0)) { kept, bit in
                if isKept((counter.count - 1 - index) * 8 + bit) { kept |= byte & (1 << UInt8(bit)) }
            }
        }
    }
}
