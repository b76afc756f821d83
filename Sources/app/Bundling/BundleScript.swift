import Foundation
import Functions

/// Turns the module that `esbuild` writes into a script whose value is a promise of the exports.
///
/// The module has no imports left, and its exports stand in one clause at its end. So the script needs no parsing of
/// whatever the packages hold: code that no tokenizer of ours would understand goes through as it is.
struct BundleScript {
    let script: String
    let exports: [String]

    private static let mapMark = "//# sourceMappingURL=data:application/json;base64,"

    /// Takes the inline source map off the end.
    static func split(_ output: String, entry: String) throws -> (code: String, map: Data?) {
        guard let mark = output.range(of: mapMark, options: .backwards) else { return (output, nil) }
        let encoded = output[mark.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines)
        guard let map = Data(base64Encoded: encoded) else {
            throw BundleError("esbuild wrote a source map that cannot be read; use another version of it", file: entry)
        }
        return (String(output[..<mark.lowerBound]), map)
    }

    /// The map for a script that begins one line later, with paths that go from another folder; nil if it is none.
    static func settled(_ map: Data, from old: String, to new: String) -> Data? {
        guard var object = (try? JSONSerialization.jsonObject(with: map)) as? [String: Any],
            let mappings = object["mappings"] as? String, let sources = object["sources"] as? [String]
        else { return nil }
        object["mappings"] = ";" + mappings
        object["sources"] = sources.map { relative("\(old)/\($0)", to: new) }
        return try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    }

    /// A path as it is seen from a folder; both are absolute.
    private static func relative(_ path: String, to folder: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let base = folder.split(separator: "/")
        let shared = zip(parts, base).prefix { $0 == $1 }.count
        let up = Array(repeating: Substring(".."), count: base.count - shared)
        return (up + parts[shared...]).joined(separator: "/")
    }

    init(_ code: String, entry: String) throws {
        var body = code[...]
        while let last = body.last, last.isWhitespace || last == ";" { body.removeLast() }
        var pairs: [(name: String, binding: String)] = []
        if body.last == "}", let open = body.lastIndex(of: "{"),
            let keyword = BundleScript.export(before: open, in: body)
        {
            let list = body[body.index(after: open)..<body.index(before: body.endIndex)]
            for item in list.split(separator: ",") {
                let words = item.split(whereSeparator: \.isWhitespace)
                guard words.count == 1 || (words.count == 3 && words[1] == "as") else {
                    throw BundleError(
                        "esbuild wrote exports that cannot be read; use another version of it", file: entry)
                }
                pairs.append((String(words[words.count - 1]), String(words[0])))
            }
            body = body[..<keyword]
        } else if let start = body.range(of: "export default ", options: .backwards),
            !body[start.upperBound...].contains(where: \.isNewline)
        {
            // A CommonJS module: its exports are the value of a call.
            pairs = [("default", String(body[start.upperBound...]))]
            body = body[..<start.lowerBound]
        }
        exports = pairs.map(\.name)
        let getters = pairs.map { "get [\(BundleScript.quoted($0.name))]() { return \($0.binding); }" }
        script =
            "(async function (\(ModuleScript.meta)) { 'use strict';\n" + body
            + "\n;return { __proto__: null, \(getters.joined(separator: ", ")) };\n}).call(undefined, "
            + "\(ModuleScript.metaObject(of: entry)))"
    }

    /// Where the word `export` begins that an opening brace belongs to.
    private static func export(before brace: Substring.Index, in body: Substring) -> Substring.Index? {
        var head = body[..<brace]
        while head.last?.isWhitespace == true { head.removeLast() }
        guard head.hasSuffix("export") else { return nil }
        let start = head.index(head.endIndex, offsetBy: -"export".count)
        if start == body.startIndex { return start }
        // A slash ends the text of a licence.
        let before = body[body.index(before: start)]
        return before.isWhitespace || ";}/".contains(before) ? start : nil
    }

    /// A name as the text of a property; esbuild writes unusual names in quotes already.
    private static func quoted(_ name: String) -> String { name.hasPrefix("\"") ? name : "\"\(name)\"" }
}
