/// The text forms of bytes that CIDs use (multibase): base58btc, base32 and base16.
enum Multibase {
    private static let base58 = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    private static let base32 = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// From digits of base58btc; nil for other digits. The work grows with the square of the length.
    static func decodeBase58(_ text: some StringProtocol) -> [UInt8]? {
        // Least significant byte first.
        var number: [UInt8] = []
        var zeros = 0
        for digit in text.utf8 {
            guard let value = base58.firstIndex(of: digit) else { return nil }
            if value == 0, number.isEmpty {
                zeros += 1
                continue
            }
            var carry = value
            for index in number.indices {
                carry += Int(number[index]) * 58
                number[index] = UInt8(carry & 255)
                carry >>= 8
            }
            while carry > 0 {
                number.append(UInt8(carry & 255))
                carry >>= 8
            }
        }
        return [UInt8](repeating: 0, count: zeros) + number.reversed()
    }

    /// Digits of base58btc.
    static func encodeBase58(_ bytes: [UInt8]) -> String {
        var digits: [Int] = []
        for byte in bytes.drop(while: { $0 == 0 }) {
            var carry = Int(byte)
            for index in digits.indices {
                carry += digits[index] << 8
                digits[index] = carry % 58
                carry /= 58
            }
            while carry > 0 {
                digits.append(carry % 58)
                carry /= 58
            }
        }
        let zeros = [UInt8](repeating: base58[0], count: bytes.prefix { $0 == 0 }.count)
        return String(decoding: zeros + digits.reversed().map { base58[$0] }, as: UTF8.self)
    }

    /// From lower-case digits of base32 without padding (RFC 4648 section 6); nil unless the bits left over are zero.
    static func decodeBase32(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var held = 0
        for digit in text.utf8 {
            guard let value = base32.firstIndex(of: digit) else { return nil }
            held = held << 5 | value
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(held >> bits & 255))
                held &= 1 << bits - 1
            }
        }
        return bits < 5 && held == 0 ? bytes : nil
    }

    /// Lower-case digits of base32 without padding.
    static func encodeBase32(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        var bits = 0
        var held = 0
        for byte in bytes {
            held = held << 8 | Int(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                digits.append(base32[held >> bits & 31])
                held &= 1 << bits - 1
            }
        }
        if bits > 0 { digits.append(base32[held << (5 - bits) & 31]) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// From hexadecimal digits in lower case.
    static func decodeBase16(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2), !digits.contains(where: { (0x41...0x5a).contains($0) }) else {
            return nil
        }
        return PercentEncoding.decode(
            String(
                decoding: stride(from: 0, to: digits.count, by: 2).flatMap { [0x25, digits[$0], digits[$0 + 1]] },
                as: UTF8.self))
    }
}
