/// The paddings of RSA that the library lacks: PSS with salts of any length, and OAEP with labels and any hash
/// (RFC 8017, sections 7.1 and 9.1). The mask is MGF1 with the same hash.
struct RSAPadding {
    let hash: HashName

    // MARK: PSS

    /// EMSA-PSS-ENCODE: nil when `bits` are too few for the hash and the salt.
    func encodePSS(_ data: [UInt8], salt: [UInt8], bits: Int) -> [UInt8]? {
        let length = (bits + 7) / 8
        guard length >= hash.byteCount + salt.count + 2 else { return nil }
        let digest = seal(data, salt)
        let zeros = [UInt8](repeating: 0, count: length - salt.count - hash.byteCount - 2)
        var block = masked(zeros + [1] + salt, seed: digest)
        block[0] &= 0xff >> UInt8(8 * length - bits)
        return block + digest + [0xbc]
    }

    /// EMSA-PSS-VERIFY of a block of as many bytes as `bits` take.
    func verifyPSS(_ block: [UInt8], _ data: [UInt8], saltLength: Int, bits: Int) -> Bool {
        let length = (bits + 7) / 8
        guard saltLength >= 0, saltLength <= length, length >= hash.byteCount + saltLength + 2,
            block.count == length, block.last == 0xbc
        else { return false }
        let keep = UInt8(0xff) >> UInt8(8 * length - bits)
        guard block[0] & ~keep == 0 else { return false }
        let digest = Array(block[(length - hash.byteCount - 1)..<(length - 1)])
        var start = masked(Array(block[..<(length - hash.byteCount - 1)]), seed: digest)
        start[0] &= keep
        let zeros = length - hash.byteCount - saltLength - 2
        guard start[..<zeros].allSatisfy({ $0 == 0 }), start[zeros] == 1 else { return false }
        return seal(data, Array(start[(zeros + 1)...])) == digest
    }

    /// The hash over eight zeros, the data's hash and the salt.
    private func seal(_ data: [UInt8], _ salt: [UInt8]) -> [UInt8] {
        hash.digest([UInt8](repeating: 0, count: 8) + hash.digest(data) + salt)
    }

    // MARK: OAEP

    /// EME-OAEP encoding into a block of `length` bytes: nil when the data is too long for it.
    func encodeOAEP(_ data: [UInt8], label: [UInt8], seed: [UInt8], length: Int) -> [UInt8]? {
        let space = length - 2 * hash.byteCount - 2
        guard data.count <= space else { return nil }
        let block = hash.digest(label) + [UInt8](repeating: 0, count: space - data.count) + [1] + data
        let hidden = masked(block, seed: seed)
        return [0] + masked(seed, seed: hidden) + hidden
    }

    /// The data of a block; nil for a block that is none.
    ///
    /// Whatever is wrong, the same is done until the end: the time must not tell what it was (RFC 8017, section 7.1.2).
    func decodeOAEP(_ block: [UInt8], label: [UInt8]) -> [UInt8]? {
        guard block.count >= 2 * hash.byteCount + 2 else { return nil }
        let hidden = Array(block[(1 + hash.byteCount)...])
        let seed = masked(Array(block[1...hash.byteCount]), seed: hidden)
        let plain = masked(hidden, seed: seed)
        let expected = hash.digest(label)
        var difference = block[0]
        for index in 0..<hash.byteCount { difference |= plain[index] ^ expected[index] }
        var start = 0
        var isOpen: UInt8 = 1
        for index in hash.byteCount..<plain.count {
            let byte = plain[index]
            let isOne: UInt8 = byte == 1 ? 1 : 0
            // A byte before the mark that is neither 0 nor the mark.
            difference |= isOpen & (byte > 1 ? 1 : 0)
            start += Int(isOpen & isOne) * (index + 1)
            isOpen &= isOne ^ 1
        }
        return difference | isOpen == 0 ? Array(plain[start...]) : nil
    }

    /// The bytes under the mask that MGF1 makes of a seed (appendix B.2.1).
    private func masked(_ bytes: [UInt8], seed: [UInt8]) -> [UInt8] {
        var result = bytes
        var block: [UInt8] = []
        for index in result.indices {
            let place = index % hash.byteCount
            if place == 0 {
                let counter = UInt32(truncatingIfNeeded: index / hash.byteCount).bigEndian
                block = hash.digest(seed + withUnsafeBytes(of: counter, Array.init))
            }
            result[index] ^= block[place]
        }
        return result
    }
}
