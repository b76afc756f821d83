/// Finds uses of global names that other runtimes have and this one lacks, so that a deploy can warn before a visitor
/// meets them.
public enum MissingGlobals {
    /// One name that a text uses without making it, where it stands first.
    public struct Use: Sendable, Hashable {
        public let name: String
        /// From 1.
        public let line: Int
        /// From 1, in bytes.
        public let column: Int
        /// What to use instead.
        public let advice: String
    }

    private static let advice: [String: String] = [
        "process": "use env for settings; there are no processes here",
        "Buffer": "use Uint8Array, TextEncoder, atob and btoa",
        "require": "use import; what is imported is bundled",
        "__require": "a package loads a module by a name that is only known when it runs; use import",
        "__dirname": "there is no file system; put files into the assets folder",
        "__filename": "there is no file system; put files into the assets folder",
        "global": "use globalThis",
        "setImmediate": "use setTimeout or queueMicrotask",
        "clearImmediate": "use clearTimeout",
        "XMLHttpRequest": "use fetch",
        "localStorage": "requests share no memory that lasts; keep state outside the function",
        "sessionStorage": "requests share no memory that lasts; keep state outside the function",
        "indexedDB": "requests share no memory that lasts; keep state outside the function",
        "window": "use globalThis; there is no page here",
        "document": "there is no page here",
        "alert": "use console.log",
        "Worker": "a function cannot start threads",
        "SharedWorker": "a function cannot start threads",
        "WebSocket": "a function lives for one request; use fetch, or a machine",
        "WebSocketPair": "a function lives for one request; machines take WebSocket",
        "BroadcastChannel": "an app's workers know nothing of each other; keep state in a kv binding",
        "HTMLRewriter": "pipe the body through a TransformStream",
        "EventSource": "use fetch and read the body as a stream",
        "importScripts": "use import; what is imported is bundled",
        "Deno": "the functions of Deno's own are not here; use the web APIs",
        "Bun": "the functions of Bun's own are not here; use the web APIs",
    ]
    private static let declaring: Set<String> = ["const", "let", "var", "function", "class", "import", "catch"]

    /// Each missing name once, in the order of the text; nothing for a text that cannot be cut into tokens. A name that
    /// the text declares anywhere, or asks about with `typeof`, is left out: better one warning too few.
    public static func uses(in source: String) -> [Use] {
        let bytes = Array(source.utf8)
        guard let tokens = try? ModuleTokenizer.tokens(of: bytes, fileName: "") else { return [] }
        var first: [String: Int] = [:]
        var known: Set<String> = []
        for (index, token) in tokens.enumerated() where token.kind == .word && advice[token.text] != nil {
            let before = index > 0 ? tokens[index - 1].text : ""
            let after = index + 1 < tokens.count ? tokens[index + 1].text : ""
            if before == "typeof" || declaring.contains(before) { known.insert(token.text) }
            // A parameter or a pattern's name cannot be told from a use, except where an arrow follows at once.
            if after == "=>" { known.insert(token.text) }
            let isMember = before == "." || before == "?." || (after == ":" && before != "?")
            if !isMember, first[token.text] == nil { first[token.text] = token.range.lowerBound }
        }
        return first.filter { !known.contains($0.key) }.sorted { $0.value < $1.value }.map { name, offset in
            let lines = bytes[..<offset]
            let start = lines.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            return Use(
                name: name, line: lines.count { $0 == 0x0A } + 1, column: offset - start + 1,
                advice: advice[name] ?? "")
        }
    }
}
