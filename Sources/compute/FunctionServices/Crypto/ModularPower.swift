/// Powers of numbers modulo an odd number, for what is public: the time depends on the exponent.
///
/// Montgomery's multiplication with 32-bit digits, the lowest first. Numbers from outside are big-endian bytes.
struct ModularPower {
    private let modulus: [UInt32]
    /// The negative inverse of the lowest digit, modulo 2^32.
    private let inverse: UInt32
    /// What 1 is in Montgomery's form, and what turns numbers into it.
    private let one: [UInt32]
    private let square: [UInt32]
    private let byteCount: Int

    /// Nil for an even modulus, and for one below 3.
    init?(modulus bytes: [UInt8]) {
        let trimmed = Array(bytes.drop { $0 == 0 })
        guard let last = trimmed.last, last & 1 == 1, trimmed.count > 1 || last > 1 else { return nil }
        byteCount = trimmed.count
        let digits = Self.digits(trimmed, count: (trimmed.count + 3) / 4)
        modulus = digits
        // Each step doubles the number of bits that are right.
        var inverse: UInt32 = 1
        for _ in 0..<5 { inverse = inverse &* (2 &- digits[0] &* inverse) }
        self.inverse = 0 &- inverse
        var power = [UInt32](repeating: 0, count: digits.count)
        power[0] = 1
        var one = power
        for step in 1...(64 * digits.count) {
            power = Self.doubled(power, modulo: digits)
            if step == 32 * digits.count { one = power }
        }
        self.one = one
        square = power
    }

    /// `base` to the `exponent`, with as many bytes as the modulus has; nil when the base is not below the modulus.
    func power(_ base: [UInt8], _ exponent: [UInt8]) -> [UInt8]? {
        let trimmed = Array(base.drop { $0 == 0 })
        guard trimmed.count <= byteCount else { return nil }
        let number = Self.digits(trimmed, count: modulus.count)
        guard Self.isLess(number, modulus) else { return nil }
        let factor = product(number, square)
        var result = one
        for byte in exponent {
            for bit in stride(from: 7, through: 0, by: -1) {
                result = product(result, result)
                if byte >> UInt8(bit) & 1 == 1 { result = product(result, factor) }
            }
        }
        var plain = [UInt32](repeating: 0, count: modulus.count)
        plain[0] = 1
        result = product(result, plain)
        return (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: result[$0 / 4] >> UInt32($0 % 4 * 8)) }
    }

    /// The product of two numbers, divided by 2^(32 × digits).
    private func product(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        let count = modulus.count
        var sum = [UInt32](repeating: 0, count: count + 2)
        for digit in right {
            Self.add(left, times: digit, to: &sum)
            Self.add(modulus, times: sum[0] &* inverse, to: &sum)
            // The lowest digit is 0 now.
            for index in 0...count { sum[index] = sum[index + 1] }
            sum[count + 1] = 0
        }
        let result = Array(sum[..<count])
        return sum[count] != 0 || !Self.isLess(result, modulus) ? Self.difference(result, modulus) : result
    }

    private static func add(_ number: [UInt32], times digit: UInt32, to sum: inout [UInt32]) {
        var carry: UInt64 = 0
        for index in 0..<number.count {
            let part = UInt64(number[index]) * UInt64(digit) + UInt64(sum[index]) + carry
            sum[index] = UInt32(truncatingIfNeeded: part)
            carry = part >> 32
        }
        for index in number.count..<sum.count {
            let part = UInt64(sum[index]) + carry
            sum[index] = UInt32(truncatingIfNeeded: part)
            carry = part >> 32
        }
    }

    private static func digits(_ bytes: [UInt8], count: Int) -> [UInt32] {
        var digits = [UInt32](repeating: 0, count: count)
        for (index, byte) in bytes.reversed().enumerated() {
            digits[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
        }
        return digits
    }

    private static func doubled(_ number: [UInt32], modulo modulus: [UInt32]) -> [UInt32] {
        var result = number
        var carry: UInt32 = 0
        for index in result.indices {
            let next = result[index] >> 31
            result[index] = result[index] << 1 | carry
            carry = next
        }
        return carry != 0 || !isLess(result, modulus) ? difference(result, modulus) : result
    }

    private static func isLess(_ left: [UInt32], _ right: [UInt32]) -> Bool {
        for index in left.indices.reversed() where left[index] != right[index] { return left[index] < right[index] }
        return false
    }

    private static func difference(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result = left
        var borrow: Int64 = 0
        for index in result.indices {
            let part = Int64(left[index]) - Int64(right[index]) + borrow
            result[index] = UInt32(truncatingIfNeeded: part)
            borrow = part < 0 ? -1 : 0
        }
        return result
    }
}
