/// Logarithms, powers and roots in integers, the same on every platform. A number is in units of 2⁻³².
enum FixedPoint {
    static let one: UInt64 = 1 << 32

    /// The binary logarithm of `number`, from 2⁻³² on (0 counts as that), in units of 2⁻³².
    ///
    /// Squares the mantissa 32 times; each time that it passes 2 is a bit. The last bit may be off by rounding, alike
    /// everywhere.
    static func log2(_ number: UInt64) -> Int64 {
        let number = max(number, 1)
        var mantissa = number << UInt64(number.leadingZeroBitCount)
        var fraction: Int64 = 0
        for _ in 0..<32 {
            let square = mantissa.multipliedFullWidth(by: mantissa).high
            let isTwo = square >> 63 == 1
            fraction = fraction << 1 | (isTwo ? 1 : 0)
            mantissa = isTwo ? square : square << 1
        }
        return (Int64(31 - number.leadingZeroBitCount) << 32) + fraction
    }

    /// Two to the power of `exponent`, which is at most 0 and in units of 2⁻³². Below 2⁻³² it is 0.
    static func exp2(_ exponent: Int64) -> UInt64 {
        let exponent = min(exponent, 0)
        // Rounds down, so that the fraction is from 0 to 1.
        let whole = exponent >> 32
        if whole < -32 { return 0 }
        var mantissa: UInt64 = 1 << 63
        let fraction = UInt64(bitPattern: exponent) & (one - 1)
        for (index, root) in roots.enumerated() where fraction >> UInt64(31 - index) & 1 == 1 {
            mantissa = mantissa.multipliedFullWidth(by: root).high << 1
        }
        return mantissa >> UInt64(31 - whole)
    }

    /// The square root, rounded down.
    static func squareRoot(_ number: UInt64) -> UInt64 {
        var (root, rest) = (UInt64(0), number)
        var bit: UInt64 = 1 << 62
        while bit > number { bit >>= 2 }
        while bit > 0 {
            if rest >= root + bit {
                rest -= root + bit
                root = root >> 1 + bit
            } else {
                root >>= 1
            }
            bit >>= 2
        }
        return root
    }

    /// 2 to the power of 1/2, 1/4, … 2⁻³², in units of 2⁻⁶³, rounded down.
    private static let roots: [UInt64] = [
        0xb504_f333_f9de_6484, 0x9837_f051_8db8_a96f, 0x8b95_c1e3_ea8b_d6e6, 0x85aa_c367_cc48_7b14,
        0x82cd_8698_ac2b_a1d7, 0x8164_d1f3_bc03_0773, 0x80b1_ed4f_d999_ab6c, 0x8058_d7d2_d5e5_f6b0,
        0x802c_6436_d0e0_4f50, 0x8016_302f_1746_7628, 0x800b_179c_8202_8fd0, 0x8005_8baf_7fee_3b5d,
        0x8002_c5d0_0fdc_fcb6, 0x8001_62e6_1bed_4a48, 0x8000_b172_92f7_02a3, 0x8000_58b9_2abb_ae02,
        0x8000_2c5c_8dad_e4d7, 0x8000_162e_44ea_f636, 0x8000_0b17_21fa_7c18, 0x8000_058b_90de_7e4c,
        0x8000_02c5_c867_8f36, 0x8000_0162_e431_db9f, 0x8000_00b1_7218_72d0, 0x8000_0058_b90c_1aa8,
        0x8000_002c_5c86_05a4, 0x8000_0016_2e43_00e6, 0x8000_000b_1721_7ff8, 0x8000_0005_8b90_bfdd,
        0x8000_0002_c5c8_5fe6, 0x8000_0001_62e4_2ff1, 0x8000_0000_b172_17f8, 0x8000_0000_58b9_0bfc,
    ]
}
