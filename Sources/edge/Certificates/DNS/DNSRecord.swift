/// Types of records that this client asks for (RFC 1035, section 3.2.2).
public enum DNSRecordType: UInt16, Sendable {
    case cname = 5
    case txt = 16
}

/// One record of an answer.
public struct DNSRecord: Hashable, Sendable {
    /// What a record says.
    public enum Value: Hashable, Sendable {
        /// The canonical name, lower-case, without a dot at its end.
        case cname(String)
        /// The strings of one TXT record, joined (RFC 7208, section 3.3, joins them so as well).
        case txt(String)
    }

    /// The owner's name, lower-case, without a dot at its end.
    public let name: String
    public let value: Value

    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}
