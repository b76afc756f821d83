/// A single-file ES module as a script that the engine can evaluate.
///
/// The script's value is a promise of the module's exports. Lines keep their numbers, and columns behind
/// ``firstLineShift``, so stack traces point into the developer's file; the code is strict and may use `await` at its top
/// level, as modules may.
public struct ModuleScript: Sendable, Hashable {
    /// What `import.meta` is called inside the script: a name of the same length, so that columns stay.
    public static let meta = "__skimpmeta"
    private static let prefix = "(async function (\(meta)) { 'use strict'; "
    /// Columns by which the first line of a module stands further right in its script.
    public static let firstLineShift = prefix.utf8.count

    /// The script to store and to hand to a worker.
    public let script: String
    /// The exported names in order of appearance, `default` among them.
    public let exports: [String]
    /// Whether it imports a file by name while it runs, which only a bundler can resolve.
    public let importsLater: Bool

    /// Turns a module into a script.
    ///
    /// - Parameters:
    ///   - source: the text of the module.
    ///   - fileName: what errors call the file.
    /// - Throws: ``FunctionError`` with ``FunctionError/Code/badModule`` and the place, for a static import or a text
    ///   that is cut off. Other syntax errors are left to the engine.
    public init(module source: String, fileName: String) throws(FunctionError) {
        var bytes = Array(source.utf8)
        // A line that names an interpreter is not part of the language inside a function.
        if bytes.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) {
            bytes[0] = UInt8(ascii: "/")
            bytes[1] = UInt8(ascii: "/")
        }
        let tokens = try ModuleTokenizer.tokens(of: bytes, fileName: fileName)
        Self.renameMeta(in: &bytes, tokens)
        var rewriter = ExportRewriter(source: bytes, tokens: tokens, fileName: fileName)
        let rewritten = try rewriter.rewrite()
        exports = rewriter.exports.map(\.name)
        importsLater = tokens.indices.dropLast(2).contains { index in
            tokens[index].kind == .word && tokens[index].text == "import" && tokens[index + 1].text == "("
                && tokens[index + 2].kind == .string && (index == 0 || tokens[index - 1].text != ".")
        }
        let getters = rewriter.exports.map { "get [\(Self.quoted($0.name))]() { return \($0.binding); }" }
        script =
            Self.prefix + String(decoding: rewritten, as: UTF8.self)
            + "\n;return { __proto__: null, \(getters.joined(separator: ", ")) };\n}).call(undefined, "
            + "\(Self.metaObject(of: fileName)))"
    }

    /// The expression of what ``meta`` stands for, in the file of this name.
    public static func metaObject(of fileName: String) -> String {
        "{ __proto__: null, url: \(quoted("file:///" + fileName)) }"
    }

    /// Scripts have no `import.meta`.
    private static func renameMeta(in bytes: inout [UInt8], _ tokens: [ModuleTokenizer.Token]) {
        for index in tokens.indices.dropLast(2)
        where tokens[index].kind == .word && tokens[index].text == "import" && tokens[index + 1].text == "."
            && tokens[index + 2].text == "meta" && (index == 0 || tokens[index - 1].text != ".")
        {
            let range = tokens[index].range.lowerBound..<tokens[index + 2].range.upperBound
            if range.count == meta.utf8.count { bytes.replaceSubrange(range, with: meta.utf8) }
        }
    }

    private static func quoted(_ name: String) -> String {
        let escaped = name.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\n", "\r", "\u{2028}", "\u{2029}": "\\u{\(String(scalar.value, radix: 16))}"
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}
