/// Reads the parts of a DNS message (RFC 1035, section 4.1) from first to last. Any bytes are allowed.
struct DNSReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A record whose type may be unknown here.
    struct Record { var known: DNSRecord? }

    mutating func number() -> UInt16? {
        guard position + 2 <= bytes.count else { return nil }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    /// A name in lower case, without a dot at its end.
    ///
    /// Pointers must point before the name in which they stand (RFC 1035, section 4.1.4): so none can go in circles.
    mutating func name() -> String? {
        var labels: [String] = []
        var byteCount = 1
        var place = position
        var end: Int?
        var limit = position
        for _ in 0..<(DNSMessage.maxNameBytes + DNSMessage.maxPointers) {
            guard place < bytes.count else { return nil }
            let length = Int(bytes[place])
            switch length & 0xc0 {
            case 0xc0:
                guard place + 1 < bytes.count else { return nil }
                let target = (length & 0x3f) << 8 | Int(bytes[place + 1])
                guard target < limit else { return nil }
                if end == nil { end = place + 2 }
                limit = target
                place = target
            case 0 where length == 0:
                position = end ?? place + 1
                return labels.joined(separator: ".")
            case 0:
                byteCount += length + 1
                guard place + 1 + length <= bytes.count, byteCount <= DNSMessage.maxNameBytes else { return nil }
                let label = bytes[(place + 1)..<(place + 1 + length)]
                // A dot inside of a label would make two names read alike.
                guard label.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ".") }) else { return nil }
                labels.append(String(decoding: label, as: UTF8.self).lowercased())
                place += length + 1
            default: return nil
            }
        }
        return nil
    }

    mutating func record() -> Record? {
        guard let owner = name(), let type = number(), let recordClass = number(), number() != nil, number() != nil,
            let length = number()
        else { return nil }
        let end = position + Int(length)
        guard end <= bytes.count else { return nil }
        defer { position = end }
        guard recordClass == 1 else { return Record() }
        switch DNSRecordType(rawValue: type) {
        case .txt:
            guard let text = text(until: end) else { return nil }
            return Record(known: DNSRecord(name: owner, value: .txt(text)))
        case .cname:
            guard let target = name(), position == end else { return nil }
            return Record(known: DNSRecord(name: owner, value: .cname(target)))
        case nil: return Record()
        }
    }

    private mutating func text(until end: Int) -> String? {
        var joined: [UInt8] = []
        while position < end {
            let length = Int(bytes[position])
            guard position + 1 + length <= end else { return nil }
            joined += bytes[(position + 1)..<(position + 1 + length)]
            position += 1 + length
        }
        return String(decoding: joined.prefix(DNSMessage.maxTextBytes), as: UTF8.self)
    }
}
