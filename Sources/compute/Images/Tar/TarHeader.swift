/// One header block (POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU tar, "Basic Tar Format").
struct TarHeader {
    static let byteCount = 512

    var name: [UInt8]
    var mode: UInt32
    var user: Int64
    var group: Int64
    var size: Int64
    var modified: Int64
    var type: UInt8
    var target: [UInt8]

    /// - Parameter block: 512 bytes, not all zero.
    /// - Throws: ``ImageError`` `.badTar`.
    init(_ block: [UInt8]) throws(ImageError) {
        try TarHeader.checkSum(block)
        name = TarHeader.text(block[0..<100])
        mode = UInt32(truncatingIfNeeded: try TarHeader.number(block[100..<108], "mode") & 0o7777)
        user = try TarHeader.number(block[108..<116], "owner")
        group = try TarHeader.number(block[116..<124], "group")
        size = try TarHeader.number(block[124..<136], "size")
        modified = try TarHeader.number(block[136..<148], "time", isSigned: true)
        type = block[156]
        target = TarHeader.text(block[157..<257])
        // GNU's own format has other fields in place of the prefix.
        if block[257..<263].elementsEqual("ustar\0".utf8) {
            let prefix = TarHeader.text(block[345..<500])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
    }

    private static func checkSum(_ block: [UInt8]) throws(ImageError) {
        let field = 148..<156
        let blanks = UInt32(field.count) * 0x20
        var sum = blanks
        var signed = Int32(blanks)
        for (index, byte) in block.enumerated() where !field.contains(index) {
            sum += UInt32(byte)
            signed += Int32(Int8(bitPattern: byte))
        }
        let stated = try number(block[field], "checksum")
        // Some old programs added signed bytes.
        guard stated == Int64(sum) || stated == Int64(signed) else {
            throw ImageError(.badTar, "A header of the tar has a wrong checksum; the file is damaged or no tar")
        }
    }

    /// Up to the first zero byte.
    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits between blanks or zero bytes, or a number to the base 256 when the first bit is set.
    private static func number(
        _ field: ArraySlice<UInt8>, _ name: String, isSigned: Bool = false
    ) throws(ImageError) -> Int64 {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 { return try binary(field, name, isSigned) }
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0 }
        let digits = field.drop(while: isBlank)
        let end = digits.firstIndex(where: isBlank) ?? digits.endIndex
        guard digits[end...].allSatisfy(isBlank) else { throw bad(name) }
        var value: Int64 = 0
        for digit in digits[..<end] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { throw bad(name) }
            // At most twelve digits: this cannot overflow.
            value = value << 3 | Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Two's complement in the bits behind the first.
    private static func binary(
        _ field: ArraySlice<UInt8>, _ name: String, _ isSigned: Bool
    ) throws(ImageError) -> Int64 {
        let isNegative = field.first.map { $0 & 0x40 != 0 } ?? false
        if isNegative, !isSigned { throw bad(name) }
        var value: Int64 = isNegative ? -1 : 0
        for (index, byte) in field.enumerated() {
            let byte = index == 0 ? (isNegative ? byte | 0x80 : byte & 0x7f) : byte
            let shifted = value.multipliedReportingOverflow(by: 256)
            guard !shifted.overflow else { throw bad(name) }
            value = shifted.partialValue | Int64(byte)
        }
        return value
    }

    private static func bad(_ name: String) -> ImageError {
        ImageError(.badTar, "A header of the tar has no number as \(name)")
    }
}
