import NIOCore

/// What a client sees when something went wrong: one page, as text or as HTML.
enum ErrorPage {
    /// - Parameters:
    ///   - html: Whether the client prefers HTML.
    ///   - id: Found again in the node's log; nil when there is nothing to look up.
    static func body(_ error: GatewayError, html: Bool, id: String?) -> String {
        let title = "\(error.status) \(HTTPStatus.phrase(error.status))"
        var lines = ["\(error.message)."]
        if let seconds = error.retryAfterSeconds { lines.append("Try again in \(seconds) s.") }
        let code = "Code: \(error.code)" + (id.map { ", request: \($0)" } ?? "")
        guard html else { return ([title, ""] + lines + ["", code, ""]).joined(separator: "\n") }
        let paragraphs = lines.map { "<p>\(escape($0))</p>" }.joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escape(title))</title>
            <style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}\
            small{opacity:.75}</style>
            </head>
            <body>
            <h1>\(escape(title))</h1>
            \(paragraphs)
            <small>\(escape(code))</small>
            </body>
            </html>

            """
    }

    /// `text` with everything replaced that has a meaning in HTML.
    static func escape(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// Whether an `Accept` field names HTML; what sends none, or only `*/*`, is a tool that wants text.
    static func prefersHTML(_ accept: String?) -> Bool {
        guard let accept else { return false }
        return HTTPCharacters.list(accept).contains { $0.lowercased().hasPrefix("text/html") }
    }
}
