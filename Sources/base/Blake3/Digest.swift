/// A 32-byte BLAKE3 output: the digest that `b3sum` prints, or a chaining value of an inner node of the tree.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The length of a digest.
    public static let byteCount = 32

    /// The 32 bytes as four words in memory order.
    @usableFromInline var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Copies 32 bytes.
    ///
    /// - Parameter bytes: Any collection; nil is returned unless it holds exactly 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Fills the 32 bytes in place.
    @inlinable
    public init(unsafeUninitialized fill: (UnsafeMutableRawBufferPointer) -> Void) {
        withUnsafeMutableBytes(of: &words) { fill($0) }
    }

    /// Reads 64 hexadecimal digits in either case; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 2 * Digest.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Digest.byteCount)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Digest.nibble(digits[index]), let low = Digest.nibble(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes)
    }

    /// The bytes, in order.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 * Digest.byteCount) { output in
            withUnsafeBytes { bytes in
                for (index, byte) in bytes.enumerated() {
                    output[2 * index] = digits[Int(byte >> 4)]
                    output[2 * index + 1] = digits[Int(byte & 15)]
                }
            }
            return 2 * Digest.byteCount
        }
    }

    public var description: String { hex }

    /// Calls `body` with the 32 bytes; the pointer is valid only during the call.
    @inlinable
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: words, body)
    }

    @inlinable
    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    /// Byte-wise lexicographic order.
    @inlinable
    public static func < (left: Digest, right: Digest) -> Bool {
        if left.words.0 != right.words.0 { return left.words.0.bigEndian < right.words.0.bigEndian }
        if left.words.1 != right.words.1 { return left.words.1.bigEndian < right.words.1.bigEndian }
        if left.words.2 != right.words.2 { return left.words.2.bigEndian < right.words.2.bigEndian }
        return left.words.3.bigEndian < right.words.3.bigEndian
    }

    /// The first 8 bytes, which are as good as random where the digest is.
    @inlinable
    package var leadingWord: UInt64 { words.0 }

    /// The two bits from bit `depth` on, where bit 0 is the first byte's highest; `depth` is even and below 256.
    @inlinable
    package func bitPair(at depth: Int) -> Int {
        Swift.withUnsafeBytes(of: words) { Int($0[depth >> 3] >> UInt8(6 - (depth & 6))) & 3 }
    }

    /// Whether bit `depth` is set, where bit 0 is the first byte's highest; `depth` is below 256.
    @inlinable
    package func bit(at depth: Int) -> Bool {
        Swift.withUnsafeBytes(of: words) { $0[depth >> 3] & (0x80 >> UInt8(depth & 7)) != 0 }
    }

    /// The number of leading bits that both have, in the order of ``bit(at:)``; 256 for equal ones.
    @inlinable
    package func commonBitCount(_ other: Digest) -> Int {
        var difference = words.0 ^ other.words.0
        if difference != 0 { return difference.bigEndian.leadingZeroBitCount }
        difference = words.1 ^ other.words.1
        if difference != 0 { return 64 + difference.bigEndian.leadingZeroBitCount }
        difference = words.2 ^ other.words.2
        if difference != 0 { return 128 + difference.bigEndian.leadingZeroBitCount }
        return 192 + (words.3 ^ other.words.3).bigEndian.leadingZeroBitCount
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { withUnsafeBytes { hasher.combine(bytes: $0) } }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
