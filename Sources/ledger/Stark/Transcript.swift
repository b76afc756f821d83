package import Blake3

/// What prover and verifier have said so far, as one hash; challenges are drawn from it (the Fiat–Shamir transformation).
///
/// `state ← H(absorb, state ‖ label ‖ bytes)`; block i of a draw is `H(draw, state ‖ i)`, where H(k, …) is BLAKE3 with the key
/// derived from k, the label is one byte and i eight little-endian ones that start at 0 after each absorption.
package struct Transcript {
    /// What is absorbed, so that no message can be taken for another.
    package enum Label: UInt8 {
        case parameters = 1
        case statement = 2
        case trace = 3
        case quotient = 4
        case values = 5
        case layer = 6
        case finalPolynomial = 7
        case nonce = 8
    }

    package private(set) var state = Digest.zeros
    private var counter: UInt64 = 0

    package init() {}

    package mutating func absorb(_ label: Label, _ bytes: [UInt8]) {
        var message = state.bytes
        message.reserveCapacity(message.count + 1 + bytes.count)
        message.append(label.rawValue)
        message += bytes
        state = message.withUnsafeBytes { Blake3.keyedHash(key: Keys.absorb, $0) }
        counter = 0
    }

    package mutating func absorb(_ label: Label, _ digest: Digest) { absorb(label, digest.bytes) }

    package mutating func absorb(_ label: Label, _ elements: [Quintic]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 * elements.count)
        for element in elements { for word in element.words { bytes.append(word: word) } }
        absorb(label, bytes)
    }

    private mutating func draw() -> Digest {
        var message = state.bytes
        message.append(word: UInt32(truncatingIfNeeded: counter))
        message.append(word: UInt32(truncatingIfNeeded: counter >> 32))
        counter += 1
        return message.withUnsafeBytes { Blake3.keyedHash(key: Keys.draw, $0) }
    }

    /// An element: the low 31 bits of each little-endian word, in order, as Montgomery forms; those that are not below p are
    /// passed over.
    package mutating func element() -> Quintic {
        var words: [UInt32] = []
        while words.count < Quintic.wordCount {
            for word in draw().littleEndianWords {
                let low = word & 0x7fff_ffff
                if low < KoalaBear.modulus { words.append(low) }
            }
        }
        return Quintic(uncheckedWords: words)
    }

    /// A number below 2^`bits`, `bits` at most 32: the low bits of the first word.
    package mutating func index(bits: Int) -> Int { Int(draw().littleEndianWords[0]) & ((1 << bits) - 1) }

    /// Keys of the hash for what it is used for.
    package enum Keys {
        package static let absorb = key("absorb")
        package static let draw = key("draw")
        package static let grind = key("grind")
        package static let leaf = key("leaf")
        package static let node = key("node")

        private static func key(_ use: String) -> Digest {
            [UInt8]().withUnsafeBytes { Blake3.deriveKey(context: "skerry stark 1 \(use)", $0) }
        }
    }

    /// Whether the nonce is a proof of work after this state: the low `bits` bits of the first word of its hash are zeros.
    package func isWork(_ nonce: UInt64, bits: Int) -> Bool {
        var message = state.bytes
        message.append(word: UInt32(truncatingIfNeeded: nonce))
        message.append(word: UInt32(truncatingIfNeeded: nonce >> 32))
        let hash = message.withUnsafeBytes { Blake3.keyedHash(key: Keys.grind, $0) }
        return UInt64(hash.littleEndianWords[0]) & ((1 << UInt64(bits)) - 1) == 0
    }

    package mutating func absorb(nonce: UInt64) {
        var bytes: [UInt8] = []
        bytes.append(word: UInt32(truncatingIfNeeded: nonce))
        bytes.append(word: UInt32(truncatingIfNeeded: nonce >> 32))
        absorb(.nonce, bytes)
    }
}

extension Digest {
    static let zeros = Digest(unsafeUninitialized: { $0.initializeMemory(as: UInt8.self, repeating: 0) })

    var littleEndianWords: [UInt32] {
        withUnsafeBytes { bytes in
            (0..<8).map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
    }
}

extension [UInt8] {
    /// Appends four bytes, the lowest first.
    package mutating func append(word: UInt32) {
        append(UInt8(truncatingIfNeeded: word))
        append(UInt8(truncatingIfNeeded: word >> 8))
        append(UInt8(truncatingIfNeeded: word >> 16))
        append(UInt8(truncatingIfNeeded: word >> 24))
    }
}
