/// The records of an extended header that mean something for an image (POSIX.1-2017 `pax`, "pax Extended Header").
///
/// Extended attributes are left out: see ``LayerStep``.
struct PaxRecords {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: Int64?
    var user: Int64?
    var group: Int64?
    var modified: TarEntry.Time?

    /// Adds the records of one header; later ones win.
    ///
    /// - Parameter isGlobal: Whether the header is for all entries; then nothing of it is kept, and it may not say what
    ///   must differ from entry to entry.
    /// - Throws: ``ImageError`` `.badTar`, `.sparse`.
    mutating func add(_ bytes: [UInt8], isGlobal: Bool) throws(ImageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.prefix(8).firstIndex(of: UInt8(ascii: " ")),
                let length = PaxRecords.decimal(rest[..<space]), length > space - rest.startIndex + 3,
                length <= rest.count
            else { throw PaxRecords.bad }
            let record = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            guard record.last == UInt8(ascii: "\n") else { throw PaxRecords.bad }
            let pair = record[(space + 1)...].dropLast()
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex else {
                throw PaxRecords.bad
            }
            let key = String(decoding: pair[..<equals], as: UTF8.self)
            try take(key, Array(pair[(equals + 1)...]), isGlobal)
        }
    }

    private mutating func take(_ key: String, _ value: [UInt8], _ isGlobal: Bool) throws(ImageError) {
        if key.hasPrefix("GNU.sparse.") { throw PaxRecords.sparse }
        if isGlobal {
            guard !["path", "linkpath", "size"].contains(key) else {
                throw ImageError(.badTar, "The tar gives all its entries one \(key)")
            }
            return
        }
        switch key {
        case "path": path = value.isEmpty ? nil : value
        case "linkpath": linkPath = value.isEmpty ? nil : value
        case "size": size = try PaxRecords.number(value, key)
        case "uid": user = try PaxRecords.number(value, key)
        case "gid": group = try PaxRecords.number(value, key)
        case "mtime": modified = try PaxRecords.time(value)
        default: break
        }
    }

    private static func number(_ value: [UInt8], _ key: String) throws(ImageError) -> Int64? {
        if value.isEmpty { return nil }
        guard let number = decimal(value[...]) else {
            throw ImageError(.badTar, "An extended header of the tar has no number as \(key)")
        }
        return number
    }

    /// Up to 18 digits.
    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard (1...18).contains(digits.count) else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Seconds with an optional sign and fraction; what is below a nanosecond is cut off.
    private static func time(_ value: [UInt8]) throws(ImageError) -> TarEntry.Time? {
        if value.isEmpty { return nil }
        let isNegative = value.first == UInt8(ascii: "-")
        let parts = value.dropFirst(isNegative ? 1 : 0)
            .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, var seconds = decimal(whole) else { throw badTime }
        var nanoseconds = 0
        if parts.count == 2, !parts[1].isEmpty {
            guard parts[1].count <= 40, parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { throw badTime }
            let digits = (Array(parts[1]) + [UInt8](repeating: 0x30, count: 9)).prefix(9)
            nanoseconds = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        if isNegative {
            seconds = -seconds
            if nanoseconds > 0 {
                seconds -= 1
                nanoseconds = 1_000_000_000 - nanoseconds
            }
        }
        return TarEntry.Time(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static let bad = ImageError(.badTar, "An extended header of the tar is malformed")
    private static let badTime = ImageError(.badTar, "An extended header of the tar has no time as mtime")
    static let sparse = ImageError(
        .sparse, "The tar has a sparse file, which images cannot have; pack it without --sparse")
}
