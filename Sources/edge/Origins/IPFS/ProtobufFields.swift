/// Reads the fields of one protobuf message, without allocating for what is not asked for.
struct ProtobufFields {
    /// A field's value, by its wire type.
    enum Value {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// 32 or 64 bits.
        case fixed
    }

    /// The bytes are no message.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end.
    mutating func next() throws(Malformed) -> (number: UInt64, value: Value)? {
        if rest.isEmpty { return nil }
        guard let tag = Varint.read(&rest, isMinimal: false), tag >> 3 > 0, tag >> 3 <= 0x1fff_ffff else {
            throw Malformed()
        }
        switch tag & 7 {
        case 0:
            guard let value = Varint.read(&rest, isMinimal: false) else { throw Malformed() }
            return (tag >> 3, .varint(value))
        case 1: return try fixed(tag >> 3, 8)
        case 2:
            guard let length = Varint.read(&rest, isMinimal: false), length <= UInt64(rest.count) else {
                throw Malformed()
            }
            let value = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return (tag >> 3, .bytes(value))
        case 5: return try fixed(tag >> 3, 4)
        default: throw Malformed()
        }
    }

    private mutating func fixed(_ number: UInt64, _ count: Int) throws(Malformed) -> (number: UInt64, value: Value)? {
        guard rest.count >= count else { throw Malformed() }
        rest = rest.dropFirst(count)
        return (number, .fixed)
    }
}
