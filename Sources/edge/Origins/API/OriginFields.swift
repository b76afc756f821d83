/// Field lines of a message in their order; names in lower case.
public struct OriginFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One line.
    public struct Line: Hashable, Sendable {
        /// In lower case.
        public let name: String
        /// Without blanks around it.
        public var value: String

        /// - Parameter name: In any case.
        public init(_ name: String, _ value: String) {
            self.name = name.lowercased()
            self.value = value
        }
    }

    /// All lines.
    public private(set) var lines: [Line]

    /// From pairs of a name in any case and a value.
    public init(_ pairs: some Sequence<(name: String, value: String)> = []) {
        lines = pairs.map { Line($0.name, $0.value) }
    }

    public init(dictionaryLiteral elements: (String, String)...) {
        lines = elements.map { Line($0.0, $0.1) }
    }

    /// The value of the first line with this name; nil if there is none.
    ///
    /// - Parameter name: In lower case.
    public subscript(_ name: String) -> String? { lines.first { $0.name == name }?.value }

    /// The values of all lines with this name.
    ///
    /// - Parameter name: In lower case.
    public func all(_ name: String) -> [String] { lines.filter { $0.name == name }.map(\.value) }

    /// Adds a line at the end.
    public mutating func add(_ name: String, _ value: String) { lines.append(Line(name, value)) }

    /// Takes all lines with this name away.
    public mutating func remove(_ name: String) {
        let name = name.lowercased()
        lines.removeAll { $0.name == name }
    }

    /// Makes this the only line with its name.
    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    /// As pairs, names in lower case.
    public var pairs: [(name: String, value: String)] { lines.map { ($0.name, $0.value) } }

    /// The members of a list-valued field (RFC 9110 section 5.6.1), without empty ones; commas in quotes do not separate.
    ///
    /// - Parameter name: In lower case.
    public func list(_ name: String) -> [String] {
        var members: [String] = []
        for value in all(name) {
            var current = ""
            var isQuoted = false
            var isEscaped = false
            for character in value {
                if character == ",", !isQuoted {
                    members.append(current)
                    current = ""
                    continue
                }
                if isEscaped {
                    isEscaped = false
                } else if character == "\\", isQuoted {
                    isEscaped = true
                } else if character == "\"" {
                    isQuoted.toggle()
                }
                current.append(character)
            }
            members.append(current)
        }
        return members.map { member in
            String(member.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }.filter { !$0.isEmpty }
    }
}
