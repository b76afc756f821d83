/// A value of a TOML document (toml.io, version 1.0.0), with the place where it begins.
public struct TOMLValue: Sendable, Hashable {
    /// What is written there.
    public indirect enum Content: Sendable, Hashable {
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        /// Any of TOML's four kinds of dates and times, as it is written.
        case date(String)
        case array([TOMLValue])
        case table(TOMLTable)
    }

    public let content: Content
    public let position: TOMLPosition

    public init(_ content: Content, at position: TOMLPosition) {
        self.content = content
        self.position = position
    }

    /// What people call this kind of value, with its article.
    public var kindName: String {
        switch content {
        case .string: "a string"
        case .integer: "a whole number"
        case .float: "a number"
        case .boolean: "true or false"
        case .date: "a date"
        case .array: "a list"
        case .table: "a table"
        }
    }
}

/// Keys with values, in the order of the document.
public struct TOMLTable: Sendable, Hashable {
    /// One key with its value.
    public struct Entry: Sendable, Hashable {
        public let key: String
        /// Where the key stands for the first time.
        public let keyPosition: TOMLPosition
        public let value: TOMLValue
    }

    public let entries: [Entry]

    /// Keys are distinct; the parser sees to it.
    init(entries: [Entry]) { self.entries = entries }

    /// The entry of a key; nil if there is none.
    public subscript(key: String) -> Entry? { entries.first { $0.key == key } }
}

/// Why a text is no TOML document.
public struct TOMLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let position: TOMLPosition
    /// What was wrong and what to write instead.
    public let message: String

    public var description: String { "\(position): \(message)" }
}

/// Bounds on a document.
public enum TOMLLimits {
    /// Length of a document in UTF-8.
    public static let maxBytes = 256 << 10
    /// Lists and inline tables inside each other, and the parts of one dotted key.
    public static let maxDepth = 32
}
