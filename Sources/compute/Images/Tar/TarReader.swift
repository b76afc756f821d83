/// Reads a tar as it comes: ustar, pax and GNU's long names (POSIX.1-2017 `pax`; GNU tar manual, "Basic Tar Format").
///
/// Strict where readers differ: checksums must be right, links and folders have no content, the archive ends with two
/// blocks of zeros, and only zeros follow.
struct TarReader {
    private enum Phase {
        case header
        /// Bytes of an extended header or long name, and of padding behind it.
        case extended(UInt8, remaining: Int, padding: Int)
        case content(remaining: Int, padding: Int)
        case padding(Int)
        /// One block of zeros was there.
        case ending
        case ended
    }

    private var phase = Phase.header
    private var block: [UInt8] = []
    private var extended: [UInt8] = []
    private var pax = PaxRecords()
    private var longName: [UInt8]?
    private var longTarget: [UInt8]?
    /// Bytes of extended headers before the next entry.
    private var headerBytes = 0
    /// Bytes before the present block or part.
    private var position = 0
    private let maxEntries: Int
    private var entryCount = 0

    /// Whether the end of the archive was seen.
    var isAtEnd: Bool { if case .ended = phase { true } else { false } }

    init(maxEntries: Int) { self.maxEntries = maxEntries }

    /// Reads on.
    ///
    /// - Throws: ``ImageError`` `.badTar`, `.sparse`, `.unknownEntry`, `.nameTooLong`, `.tooLarge`, `.tooManyEntries`,
    ///   `.trailingData`, `.badName`, and what the consumer throws. The reader is of no use afterwards.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ consumer: inout some TarConsumer) throws(ImageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch phase {
            case .header, .ending:
                let part = rest.prefix(TarHeader.byteCount - block.count)
                block.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                position += part.count
                if block.count == TarHeader.byteCount { try take(block, &consumer) }
            case .extended(let type, let remaining, let padding):
                let part = rest.prefix(remaining)
                extended.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                position += part.count
                phase = .extended(type, remaining: remaining - part.count, padding: padding)
                if part.count == remaining { try takeExtended(type, padding) }
            case .content(let remaining, let padding):
                let part = rest.prefix(remaining)
                rest = rest.dropFirst(part.count)
                position += part.count
                try consumer.content(UnsafeRawBufferPointer(rebasing: part))
                phase = .content(remaining: remaining - part.count, padding: padding)
                if part.count == remaining {
                    try consumer.end()
                    phase = padding == 0 ? .header : .padding(padding)
                }
            case .padding(let count):
                let part = min(count, rest.count)
                rest = rest.dropFirst(part)
                position += part
                phase = part == count ? .header : .padding(count - part)
            case .ended:
                guard rest.allSatisfy({ $0 == 0 }) else {
                    throw ImageError(.trailingData, "Something follows the end of the tar")
                }
                return
            }
        }
    }

    /// Leaves out what is left of an entry's content, for readers that only want to know what is where.
    ///
    /// - Returns: So many bytes of the tar must not be fed.
    mutating func skip() -> Int {
        let count: Int
        switch phase {
        case .content(let remaining, let padding): count = remaining + padding
        case .padding(let padding): count = padding
        default: return 0
        }
        phase = .header
        position += count
        return count
    }

    /// There is no more input.
    ///
    /// - Throws: ``ImageError`` `.truncated`.
    func finish() throws(ImageError) {
        guard case .ended = phase else {
            throw ImageError(.truncated, "The tar is cut off: it does not end with two blocks of zeros")
        }
    }

    private mutating func take(_ bytes: [UInt8], _ consumer: inout some TarConsumer) throws(ImageError) {
        block.removeAll(keepingCapacity: true)
        if bytes.allSatisfy({ $0 == 0 }) {
            guard pax.isEmpty, longName == nil, longTarget == nil else {
                throw ImageError(.truncated, "The tar ends behind an extended header")
            }
            if case .ending = phase { phase = .ended } else { phase = .ending }
            return
        }
        if case .ending = phase { throw ImageError(.trailingData, "Something follows the end of the tar") }
        let header = try TarHeader(bytes)
        switch header.type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            // Looked at before it is added: it may be the largest number that there is.
            guard header.size <= Int64(LayerLimits.maxHeaderBytes),
                headerBytes + Int(header.size) + TarHeader.byteCount <= LayerLimits.maxHeaderBytes
            else {
                throw ImageError(
                    .nameTooLong,
                    "An entry of the tar has more than \(LayerLimits.maxHeaderBytes) bytes of extended headers")
            }
            headerBytes += Int(header.size) + TarHeader.byteCount
            extended.removeAll(keepingCapacity: true)
            let size = Int(header.size)
            if size == 0 { return try takeExtended(header.type, 0) }
            phase = .extended(header.type, remaining: size, padding: Self.padding(size))
        default: try begin(header, &consumer)
        }
    }

    private mutating func takeExtended(_ type: UInt8, _ padding: Int) throws(ImageError) {
        phase = padding == 0 ? .header : .padding(padding)
        switch type {
        case UInt8(ascii: "x"): try pax.add(extended, isGlobal: false)
        case UInt8(ascii: "g"):
            try pax.add(extended, isGlobal: true)
            // It belongs to no entry.
            headerBytes = 0
        case UInt8(ascii: "L"): longName = Array(extended.prefix { $0 != 0 })
        default: longTarget = Array(extended.prefix { $0 != 0 })
        }
    }

    private mutating func begin(_ header: TarHeader, _ consumer: inout some TarConsumer) throws(ImageError) {
        entryCount += 1
        guard entryCount <= maxEntries else {
            throw ImageError(.tooManyEntries, "The layer has more than \(maxEntries) entries, which is the limit")
        }
        let entry = try entry(header)
        pax = PaxRecords()
        longName = nil
        longTarget = nil
        headerBytes = 0
        try consumer.begin(entry)
        if entry.size == 0 {
            try consumer.end()
            phase = .header
        } else {
            phase = .content(remaining: entry.size, padding: Self.padding(entry.size))
        }
    }

    private func entry(_ header: TarHeader) throws(ImageError) -> TarEntry {
        let name = pax.path ?? longName ?? header.name
        let place = { "\"\(String(decoding: name.prefix(200), as: UTF8.self))\"" }
        guard !name.contains(0) else { throw ImageError(.badName, "A name in the tar has a zero byte") }
        let kind: TarEntry.Kind
        switch header.type {
        case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
            // Before there was a type for folders, the slash said it.
            kind = name.last == UInt8(ascii: "/") ? .folder : .file
        case UInt8(ascii: "1"): kind = .hardLink
        case UInt8(ascii: "2"): kind = .symbolicLink
        case UInt8(ascii: "5"): kind = .folder
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"):
            kind = .special(Character(Unicode.Scalar(header.type)))
        case UInt8(ascii: "S"): throw PaxRecords.sparse.at(place())
        default:
            throw ImageError(
                .unknownEntry,
                "\(place()) has the type \(header.type) in the tar, which images cannot have; pack it as ustar or pax")
        }
        let size = pax.size ?? header.size
        guard size == 0 || kind == .file else {
            throw ImageError(.badTar, "\(place()) is no file but has content in the tar")
        }
        guard size <= LayerLimits.maxContentBytes else {
            throw ImageError(.tooLarge, "\(place()) claims to have \(size) bytes; no layer has so many")
        }
        let isLink = kind == .hardLink || kind == .symbolicLink
        let target = isLink ? pax.linkPath ?? longTarget ?? header.target : []
        guard !target.contains(0) else { throw ImageError(.badName, "The target of \(place()) has a zero byte") }
        return TarEntry(
            kind: kind, name: name, target: target, mode: header.mode,
            user: try Self.owner(pax.user ?? header.user, place),
            group: try Self.owner(pax.group ?? header.group, place),
            size: Int(size), offset: position, modified: pax.modified ?? .init(seconds: header.modified, nanoseconds: 0)
        )
    }

    /// The highest value means "as it is" to the kernel.
    private static func owner(_ value: Int64, _ place: () -> String) throws(ImageError) -> UInt32 {
        guard let id = UInt32(exactly: value), id < .max else {
            throw ImageError(.badTar, "\(place()) has the owner or group \(value), which Linux cannot have")
        }
        return id
    }

    private static func padding(_ size: Int) -> Int {
        (TarHeader.byteCount - size % TarHeader.byteCount) % TarHeader.byteCount
    }
}

extension PaxRecords {
    fileprivate var isEmpty: Bool {
        path == nil && linkPath == nil && size == nil && user == nil && group == nil && modified == nil
    }
}
