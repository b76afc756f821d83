import NIOCore

/// The header section of a request: field lines in the order of arrival, names in any case.
///
/// The bytes stay where they were received; text is made only when somebody asks.
public struct HTTPFields: Sendable {
    /// One field line, as offsets from the start of the head.
    struct Line: Sendable {
        var name: Range<Int32>
        var value: Range<Int32>
    }

    /// Fields that the gateway asks about for every request, noted while parsing so that asking is free.
    struct Known: OptionSet, Sendable {
        let rawValue: UInt16
        static let host = Known(rawValue: 1)
        static let connection = Known(rawValue: 2)
        static let contentLength = Known(rawValue: 4)
        static let transferEncoding = Known(rawValue: 8)
        static let expect = Known(rawValue: 16)
        static let range = Known(rawValue: 32)
        static let condition = Known(rawValue: 64)
        static let acceptEncoding = Known(rawValue: 128)
        /// Asks something of caches, or for an answer to one client alone.
        static let caching = Known(rawValue: 256)

        /// The flag for a name in any case; empty for every other name.
        init(name: UnsafeRawBufferPointer.SubSequence) {
            self.init(rawValue: 0)
            switch name.count {
            case 4: if HTTPCharacters.matches(name, "host") { self = .host }
            case 5: if HTTPCharacters.matches(name, "range") { self = .range }
            case 6:
                if HTTPCharacters.matches(name, "expect") { self = .expect }
                if HTTPCharacters.matches(name, "pragma") { self = .caching }
            case 8:
                if HTTPCharacters.matches(name, "if-match") || HTTPCharacters.matches(name, "if-range") {
                    self = .condition
                }
            case 10: if HTTPCharacters.matches(name, "connection") { self = .connection }
            case 13:
                if HTTPCharacters.matches(name, "if-none-match") { self = .condition }
                if HTTPCharacters.matches(name, "cache-control") || HTTPCharacters.matches(name, "authorization") {
                    self = .caching
                }
            case 14: if HTTPCharacters.matches(name, "content-length") { self = .contentLength }
            case 15: if HTTPCharacters.matches(name, "accept-encoding") { self = .acceptEncoding }
            case 17:
                if HTTPCharacters.matches(name, "transfer-encoding") { self = .transferEncoding }
                if HTTPCharacters.matches(name, "if-modified-since") { self = .caching }
            case 19: if HTTPCharacters.matches(name, "if-unmodified-since") { self = .caching }
            default: break
            }
        }

        init(rawValue: UInt16) { self.rawValue = rawValue }
    }

    private let head: ByteBuffer
    private let lines: [Line]
    let known: Known

    init(head: ByteBuffer, lines: [Line], known: Known) {
        self.head = head
        self.lines = lines
        self.known = known
    }

    /// Whether the request asks for a whole answer, whoever else may have it too: no ranges, no conditions, nothing that
    /// caches have to think about. Free.
    public var isPlain: Bool { known.isDisjoint(with: [.range, .condition, .caching]) }

    /// The number of field lines.
    public var count: Int { lines.count }

    /// The value of the first line with this name; nil if there is none.
    ///
    /// - Parameter name: In lower case.
    public func first(_ name: String) -> String? {
        for line in lines where matches(line, name) { return text(line.value) }
        return nil
    }

    /// The values of all lines with this name.
    ///
    /// - Parameter name: In lower case.
    public func all(_ name: String) -> [String] {
        lines.filter { matches($0, name) }.map { text($0.value) }
    }

    /// All lines with this name as one list value (RFC 9110 section 5.3); nil if there is none.
    ///
    /// - Parameter name: In lower case.
    public func combined(_ name: String) -> String? {
        let values = all(name)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// All lines: names in lower case, values as text.
    ///
    /// A value that is not UTF-8 is read as ISO 8859-1, so that no byte is lost.
    public var pairs: [(name: String, value: String)] {
        lines.map { (lowercased($0.name), text($0.value)) }
    }

    /// Some of the lines, as in ``pairs``, in an array with room for further ones.
    func pairs(reserving further: Int, where isWanted: (String) -> Bool) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        pairs.reserveCapacity(lines.count + further)
        for line in lines {
            let name = lowercased(line.name)
            if isWanted(name) { pairs.append((name, text(line.value))) }
        }
        return pairs
    }

    /// What the client says about content codings, in all lines together.
    var acceptedEncodings: AcceptedEncodings {
        var accepted = AcceptedEncodings()
        head.withUnsafeReadableBytes { bytes in
            for line in lines {
                let name = bytes[Int(line.name.lowerBound)..<Int(line.name.upperBound)]
                guard HTTPCharacters.matches(name, "accept-encoding") else { continue }
                accepted.read(bytes[Int(line.value.lowerBound)..<Int(line.value.upperBound)])
            }
        }
        return accepted
    }

    private func matches(_ line: Line, _ name: String) -> Bool {
        head.withUnsafeReadableBytes { bytes in
            HTTPCharacters.matches(bytes[Int(line.name.lowerBound)..<Int(line.name.upperBound)], name)
        }
    }

    private func lowercased(_ range: Range<Int32>) -> String {
        head.withUnsafeReadableBytes { bytes in
            String(unsafeUninitializedCapacity: range.count) { name in
                for (index, place) in range.enumerated() {
                    name[index] = HTTPCharacters.lowercased(bytes[Int(place)])
                }
                return range.count
            }
        }
    }

    private func text(_ range: Range<Int32>) -> String {
        head.withUnsafeReadableBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[Int(range.lowerBound)..<Int(range.upperBound)])
            return String(validating: bytes, as: UTF8.self)
                ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        }
    }
}
