/// A metric's name and its labels.
struct Series: Hashable, Comparable {
    let name: String
    /// Sorted by key, escaped.
    private let pairs: [String]

    init(_ label: String, _ dimensions: [(String, String)]) {
        name = Series.legal(label)
        pairs = dimensions.map { "\(Series.legal($0.0))=\"\(Series.escaped($0.1))\"" }.sorted()
    }

    /// The labels in braces, with `extra` added; empty if there are none.
    func labels(_ extra: String? = nil) -> String {
        let all = extra.map { pairs + [$0] } ?? pairs
        return all.isEmpty ? "" : "{\(all.joined(separator: ","))}"
    }

    static func < (left: Series, right: Series) -> Bool {
        left.name == right.name ? left.pairs.lexicographicallyPrecedes(right.pairs) : left.name < right.name
    }

    private static func legal(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    private static func escaped(_ value: String) -> String {
        var output = ""
        for character in value {
            switch character {
            case "\\": output += "\\\\"
            case "\"": output += "\\\""
            case "\n": output += "\\n"
            default: output.append(character)
            }
        }
        return output
    }
}
