/// Lines, headers and keys. Values are in `TOMLParser+Values`.
struct TOMLParser {
    typealias Key = (name: String, position: TOMLPosition)

    let scalars: [Unicode.Scalar]
    var index = 0
    private var line = 1
    private var lineStart = 0
    private let root = TOMLNode(TOMLPosition(line: 1, column: 1), .header)

    init(_ text: String) {
        var scalars = Array(text.unicodeScalars)
        // A byte order mark is no part of the text.
        if scalars.first?.value == 0xFEFF { scalars.removeFirst() }
        self.scalars = scalars
    }

    mutating func document() throws(TOMLError) -> TOMLTable {
        var current = root
        while true {
            try skipBlank(acrossLines: true)
            guard let next = peek() else { return root.table }
            if next == "[" {
                current = try header()
            } else {
                try assignment(in: current)
            }
            try endLine()
        }
    }

    // MARK: Headers

    private mutating func header() throws(TOMLError) -> TOMLNode {
        let start = position
        index += 1
        let isList = peek() == "["
        if isList { index += 1 }
        try skipBlank()
        let path = try keyPath()
        let closing = isList ? "]]" : "]"
        for _ in 0..<closing.count {
            guard peek() == "]" else { throw failure("the header is not closed; write \(closing) after the name") }
            index += 1
        }
        guard let last = path.last else { throw failure("the header names nothing", at: start) }
        var node = root
        for key in path.dropLast() { node = try step(from: node, through: key) }
        return isList ? try append(last, to: node) : try open(last, in: node)
    }

    /// The table that a header goes through; made if it is not there.
    private func step(from node: TOMLNode, through key: Key) throws(TOMLError) -> TOMLNode {
        switch node[key.name] {
        case nil:
            let next = TOMLNode(key.position, .implied)
            node.set(key.name, key.position, .table(next))
            return next
        case .table(let next): return next
        case .tables(let nodes):
            guard let last = nodes.last else { throw occupied(key, in: node) }
            return last
        case .value: throw occupied(key, in: node)
        }
    }

    private func open(_ key: Key, in node: TOMLNode) throws(TOMLError) -> TOMLNode {
        switch node[key.name] {
        case nil:
            let next = TOMLNode(key.position, .header)
            node.set(key.name, key.position, .table(next))
            return next
        case .table(let next) where next.origin == .implied:
            next.origin = .header
            return next
        default: throw occupied(key, in: node)
        }
    }

    private func append(_ key: Key, to node: TOMLNode) throws(TOMLError) -> TOMLNode {
        let next = TOMLNode(key.position, .header)
        switch node[key.name] {
        case nil: node.set(key.name, key.position, .tables([next]))
        case .tables(let nodes): node.set(key.name, key.position, .tables(nodes + [next]))
        default: throw occupied(key, in: node)
        }
        return next
    }

    private func occupied(_ key: Key, in node: TOMLNode) -> TOMLError {
        let first = node.slots[key.name].map { ", first in line \($0.position.line)" } ?? ""
        return failure("\"\(key.name)\" is given twice\(first); keep one of them", at: key.position)
    }

    // MARK: Keys

    private mutating func assignment(in node: TOMLNode) throws(TOMLError) {
        let path = try keyPath()
        guard peek() == "=" else {
            throw failure("after the name \"\(path.last?.name ?? "")\" comes = and a value")
        }
        index += 1
        try skipBlank()
        let value = try self.value(depth: 0)
        try assign(value, to: path, in: node)
    }

    func assign(_ value: TOMLValue, to path: [Key], in node: TOMLNode) throws(TOMLError) {
        var node = node
        for key in path.dropLast() {
            switch node[key.name] {
            case nil:
                let next = TOMLNode(key.position, .dotted)
                node.set(key.name, key.position, .table(next))
                node = next
            case .table(let next) where next.origin == .dotted: node = next
            default: throw occupied(key, in: node)
            }
        }
        guard let key = path.last else { return }
        guard node[key.name] == nil else { throw occupied(key, in: node) }
        node.set(key.name, key.position, .value(value))
    }

    /// A key, perhaps dotted, and the blanks after it.
    mutating func keyPath() throws(TOMLError) -> [Key] {
        var path: [Key] = []
        while true {
            let start = position
            guard path.count < TOMLLimits.maxDepth else {
                throw failure("a name has more than \(TOMLLimits.maxDepth) parts", at: start)
            }
            path.append((try key(), start))
            try skipBlank()
            guard peek() == "." else { return path }
            index += 1
            try skipBlank()
        }
    }

    private mutating func key() throws(TOMLError) -> String {
        switch peek() {
        case "\"": return try basicString()
        case "'": return try literalString()
        default: break
        }
        let start = index
        while let next = peek(), TOMLParser.isBareKey(next) { index += 1 }
        guard index > start else {
            throw failure("a name is missing here; names are letters, digits, - and _, or stand in quotes")
        }
        return text(start..<index)
    }

    private static func isBareKey(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: false
        }
    }

    // MARK: Characters

    var position: TOMLPosition { TOMLPosition(line: line, column: index - lineStart + 1) }

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        index + distance < scalars.count ? scalars[index + distance] : nil
    }

    func text(_ range: Range<Int>) -> String {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars[range])
        return String(result)
    }

    /// Moves over a line's end, if one is here.
    mutating func skipNewline() -> Bool {
        if peek() == "\r", peek(1) == "\n" { index += 1 }
        guard peek() == "\n" else { return false }
        index += 1
        line += 1
        lineStart = index
        return true
    }

    /// Moves over blanks, and with `acrossLines` over comments and line ends too.
    mutating func skipBlank(acrossLines: Bool = false) throws(TOMLError) {
        while let next = peek() {
            if next == " " || next == "\t" {
                index += 1
            } else if acrossLines, next == "#" {
                try skipComment()
            } else if acrossLines, skipNewline() {
                continue
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(TOMLError) {
        while let next = peek(), next != "\n", !(next == "\r" && peek(1) == "\n") {
            guard TOMLParser.isAllowed(next) else { throw failure("a control character stands in a comment") }
            index += 1
        }
    }

    private mutating func endLine() throws(TOMLError) {
        try skipBlank()
        if peek() == "#" { try skipComment() }
        guard peek() != nil else { return }
        guard skipNewline() else {
            throw failure("the line goes on after its value; begin a new line, or put text in quotes")
        }
    }

    /// Whether comments and strings may hold it.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || (scalar.value >= 0x20 && scalar.value != 0x7F)
    }

    func failure(_ message: String, at position: TOMLPosition? = nil) -> TOMLError {
        TOMLError(position: position ?? self.position, message: message)
    }
}
