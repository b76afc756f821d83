/// Reads TOML documents (toml.io, version 1.0.0) and keeps every place, so that what is wrong with a value can be shown
/// where it stands.
public enum TOMLDocument {
    /// The document's top table. Any text is allowed.
    ///
    /// - Throws: ``TOMLError`` with the first place that breaks the format, and for a document beyond ``TOMLLimits``.
    public static func parse(_ text: String) throws(TOMLError) -> TOMLTable {
        guard text.utf8.count <= TOMLLimits.maxBytes else {
            throw TOMLError(
                position: TOMLPosition(line: 1, column: 1),
                message: "the file has \(text.utf8.count) bytes; the limit is \(TOMLLimits.maxBytes)")
        }
        var parser = TOMLParser(text)
        return try parser.document()
    }
}

/// A table while it is being read.
final class TOMLNode {
    enum Slot {
        case value(TOMLValue)
        case table(TOMLNode)
        /// `[[name]]`, one element each time.
        case tables([TOMLNode])
    }

    /// How a table came to be: what may be added to it later depends on that.
    enum Origin {
        /// By `[a.b]`, which makes `a` on the way.
        case implied
        /// By its own header.
        case header
        /// By a dotted key.
        case dotted
    }

    let position: TOMLPosition
    var origin: Origin
    private(set) var order: [String] = []
    private(set) var slots: [String: (position: TOMLPosition, slot: Slot)] = [:]

    init(_ position: TOMLPosition, _ origin: Origin) {
        self.position = position
        self.origin = origin
    }

    subscript(key: String) -> Slot? { slots[key]?.slot }

    func set(_ key: String, _ position: TOMLPosition, _ slot: Slot) {
        if slots[key] == nil { order.append(key) }
        slots[key] = (slots[key]?.position ?? position, slot)
    }

    /// The finished table. Nesting is bounded by ``TOMLLimits/maxDepth`` for each header and key.
    var table: TOMLTable {
        TOMLTable(
            entries: order.compactMap { key in
                guard let (position, slot) = slots[key] else { return nil }
                let value: TOMLValue =
                    switch slot {
                    case .value(let value): value
                    case .table(let node): TOMLValue(.table(node.table), at: node.position)
                    case .tables(let nodes):
                        TOMLValue(
                            .array(nodes.map { TOMLValue(.table($0.table), at: $0.position) }),
                            at: nodes.first?.position ?? position)
                    }
                return TOMLTable.Entry(key: key, keyPosition: position, value: value)
            })
    }
}
