/// Unsigned numbers of 7 bits a byte, the least significant first.
enum Varint {
    /// Reads one and moves on; nil if it is cut off or longer than 64 bits.
    ///
    /// - Parameter isMinimal: Whether a longer form than needed is refused, as multiformats want it.
    static func read(_ bytes: inout ArraySlice<UInt8>, isMinimal: Bool) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return isMinimal && byte == 0 && shift > 0 ? nil : value }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }

    /// The shortest form.
    static func encode(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
