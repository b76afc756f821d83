/// The status line and header section of one valid response.
public struct HTTPResponseHead: Sendable {
    /// 100 to 599.
    public let status: Int
    /// 0 or 1.
    public let minorVersion: Int
    /// Field lines in the order of arrival: names in lower case, values trimmed. A value that is not UTF-8 was read as
    /// ISO 8859-1, so that no byte is lost.
    public let fields: [(name: String, value: String)]

    init(status: Int, minorVersion: Int, fields: [(name: String, value: String)]) {
        self.status = status
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// The value of the first line with this name, which is in lower case; nil if there is none.
    public func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The members of all lines with this name, in lower case and without blanks (RFC 9110 section 5.6.1). For lists of
    /// tokens.
    public func tokens(_ name: String) -> [String] {
        fields.filter { $0.name == name }.flatMap { field in
            field.value.split(separator: ",").map { HTTPResponseBytes.trimmed($0.lowercased()) }.filter { !$0.isEmpty }
        }
    }
}
