/// Queries and answers of the DNS (RFC 1035, section 4), as far as a client for TXT and CNAME needs them.
public enum DNSMessage {
    /// The longest name in its wire form in bytes (RFC 1035, section 2.3.4).
    static let maxNameBytes = 255
    /// The longest label in bytes.
    static let maxLabelBytes = 63
    /// Compression pointers that one name may follow.
    static let maxPointers = 64
    /// Records of one answer that are read; more are left out.
    static let maxRecords = 256
    /// Bytes of one TXT record that are read.
    static let maxTextBytes = 4_096
    private static let headerBytes = 12
    private static let internet: UInt16 = 1

    /// What a server answered to a query.
    public struct Answer: Hashable, Sendable {
        /// 0 for success, 3 for "no such name" (RFC 1035, section 4.1.1).
        public var responseCode: UInt8
        /// Whether the answer did not fit: it has to be asked for again over TCP.
        public var isTruncated: Bool
        /// Records of the types that are known here, in the answer's order.
        public var records: [DNSRecord]
    }

    /// A recursive query for one name; nil if `name` is no name.
    public static func query(id: UInt16, name: String, type: DNSRecordType) -> [UInt8]? {
        guard let encoded = encoded(name) else { return nil }
        var bytes: [UInt8] = []
        // Recursion desired; one question.
        for field: UInt16 in [id, 0x0100, 1, 0, 0, 0] { append(field, to: &bytes) }
        bytes += encoded
        append(type.rawValue, to: &bytes)
        append(internet, to: &bytes)
        return bytes
    }

    /// Reads the answer to a query. Any bytes are allowed.
    ///
    /// - Returns: Nil if the bytes are no answer to that very question.
    public static func answer(_ bytes: [UInt8], id: UInt16, name: String, type: DNSRecordType) -> Answer? {
        var reader = DNSReader(bytes)
        guard let answerID = reader.number(), answerID == id, let flags = reader.number(), flags & 0x8000 != 0,
            flags & 0x7800 == 0, let questions = reader.number(), questions == 1, let count = reader.number(),
            reader.number() != nil, reader.number() != nil,
            let asked = reader.name(), asked == name.lowercased(), reader.number() == type.rawValue,
            reader.number() == internet
        else { return nil }
        var answer = Answer(
            responseCode: UInt8(flags & 0x000f), isTruncated: flags & 0x0200 != 0, records: [])
        for _ in 0..<min(Int(count), maxRecords) {
            // A truncated answer may end anywhere; another one may not.
            guard let record = reader.record() else { return answer.isTruncated ? answer : nil }
            if let known = record.known { answer.records.append(known) }
        }
        return answer
    }

    private static func encoded(_ name: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            guard (1...maxLabelBytes).contains(label.utf8.count),
                label.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { return nil }
            bytes.append(UInt8(label.utf8.count))
            bytes += label.utf8
        }
        bytes.append(0)
        return bytes.count <= maxNameBytes ? bytes : nil
    }

    private static func append(_ number: UInt16, to bytes: inout [UInt8]) {
        bytes.append(UInt8(number >> 8))
        bytes.append(UInt8(number & 0xff))
    }
}
