/// Writes tars byte by byte, right ones and wrong ones.
struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    /// Fields of a header that a test may want to be wrong.
    struct Fields {
        var type: Character = "0"
        var mode: Int = 0o644
        var user = 0
        var group = 0
        var size = 0
        var modified = 0
        var target = ""
        var prefix = ""
        var magic = "ustar\0" + "00"
        var checksum: Int?
    }

    /// Adds a header block only.
    mutating func header(_ name: String, _ fields: Fields) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int, _ count: Int) {
            for (index, byte) in text.utf8.prefix(count).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int, _ offset: Int, _ width: Int) {
            let digits = String(value, radix: 8)
            put(String(repeating: "0", count: max(0, width - digits.count)) + digits, offset, width)
        }
        put(name, 0, 100)
        octal(fields.mode, 100, 7)
        octal(fields.user, 108, 7)
        octal(fields.group, 116, 7)
        octal(fields.size, 124, 11)
        octal(fields.modified, 136, 11)
        put(String(fields.type), 156, 1)
        put(fields.target, 157, 100)
        put(fields.magic, 257, 8)
        put(fields.prefix, 345, 155)
        put(String(repeating: " ", count: 8), 148, 8)
        let sum = fields.checksum ?? block.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        put(String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "\0 ", 148, 8)
        bytes += block
    }

    /// Adds content with its padding.
    mutating func content(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func raw(_ more: [UInt8]) { bytes += more }

    mutating func file(_ name: String, _ content: String = "", mode: Int = 0o644, user: Int = 0, group: Int = 0) {
        file(name, bytes: Array(content.utf8), mode: mode, user: user, group: group)
    }

    mutating func file(_ name: String, bytes content: [UInt8], mode: Int = 0o644, user: Int = 0, group: Int = 0) {
        header(name, Fields(mode: mode, user: user, group: group, size: content.count, modified: 1_000_000_000))
        self.content(content)
    }

    mutating func folder(_ name: String, mode: Int = 0o755, user: Int = 0) {
        header(name, Fields(type: "5", mode: mode, user: user))
    }

    mutating func link(_ name: String, to target: String) {
        header(name, Fields(type: "2", mode: 0o777, target: target))
    }

    mutating func hardLink(_ name: String, to target: String) { header(name, Fields(type: "1", target: target)) }

    mutating func special(_ name: String, _ type: Character) { header(name, Fields(type: type)) }

    /// Adds an extended header for the next entry.
    mutating func pax(_ records: [(String, String)], type: Character = "x") {
        let text = records.map { TarBuilder.record($0.0, $0.1) }.joined()
        header("PaxHeaders/x", Fields(type: type, size: text.utf8.count))
        content(Array(text.utf8))
    }

    /// Adds GNU's long name or target for the next entry.
    mutating func long(_ text: String, type: Character = "L") {
        header("././@LongLink", Fields(type: type, size: text.utf8.count + 1, magic: "ustar  \0"))
        content(Array(text.utf8) + [0])
    }

    /// One record with its own length before it.
    static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count + 1
        while "\(length)".utf8.count + rest.utf8.count != length { length = "\(length)".utf8.count + rest.utf8.count }
        return "\(length)\(rest)"
    }

    /// Bytes that no compression makes shorter, the same each time.
    static func noise(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            while filled < count {
                var value = UInt64(filled) &* 0x9e37_79b9_7f4a_7c15
                value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
                bytes[filled] = UInt8(truncatingIfNeeded: value >> 56)
                filled += 1
            }
        }
    }

    /// The tar with its end.
    func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1_024) }

    /// A whole tar.
    static func make(_ body: (inout TarBuilder) -> Void) -> [UInt8] {
        var builder = TarBuilder()
        body(&builder)
        return builder.finished()
    }
}
