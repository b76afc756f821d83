/// The header section of a message: field lines in order, names in lower case.
public struct CacheFields: Sendable, Hashable {
    /// One field line.
    public struct Line: Sendable, Hashable {
        /// In lower case.
        public let name: String
        /// Without white space around it.
        public let value: String

        /// - Parameters:
        ///   - name: In any case.
        ///   - value: White space around it is dropped.
        public init(_ name: String, _ value: String) {
            self.name = name.lowercased()
            self.value = FieldText.trimmed(value)
        }
    }

    /// In the order of the message.
    public private(set) var lines: [Line]

    /// No lines.
    public init() { lines = [] }

    /// - Parameter pairs: Names in any case, in the order of the message.
    public init(_ pairs: [(name: String, value: String)]) { lines = pairs.map { Line($0.name, $0.value) } }

    /// Names in lower case and values, in order.
    public var pairs: [(name: String, value: String)] { lines.map { ($0.name, $0.value) } }

    /// Bytes of all names and values.
    public var byteCount: Int { lines.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } }

    /// The value of the first line with this name; nil if there is none.
    ///
    /// - Parameter name: In lower case.
    public func first(_ name: String) -> String? { lines.first { $0.name == name }?.value }

    /// The values of all lines with this name.
    ///
    /// - Parameter name: In lower case.
    public func all(_ name: String) -> [String] { lines.filter { $0.name == name }.map(\.value) }

    /// All lines with this name as one list value (RFC 9110 section 5.3); nil if there is none.
    ///
    /// - Parameter name: In lower case.
    public func combined(_ name: String) -> String? {
        let values = all(name)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// Whether there is a line with this name.
    ///
    /// - Parameter name: In lower case.
    public func contains(_ name: String) -> Bool { lines.contains { $0.name == name } }

    /// Adds a line at the end.
    public mutating func add(_ name: String, _ value: String) { lines.append(Line(name, value)) }

    /// Makes this the only line with its name, at the end.
    public mutating func set(_ name: String, _ value: String) {
        let line = Line(name, value)
        lines.removeAll { $0.name == line.name }
        lines.append(line)
    }

    /// Drops every line with one of these names.
    ///
    /// - Parameter names: In lower case.
    public mutating func remove(_ names: Set<String>) { lines.removeAll { names.contains($0.name) } }

    /// Drops every line with this name.
    ///
    /// - Parameter name: In lower case.
    public mutating func remove(_ name: String) { lines.removeAll { $0.name == name } }
}

extension CacheFields: ExpressibleByDictionaryLiteral {
    /// The lines in the order of the literal; a name may come more than once.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { (name: $0.0, value: $0.1) })
    }
}
