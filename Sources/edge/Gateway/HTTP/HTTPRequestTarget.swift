/// A request target in origin, absolute or asterisk form (RFC 9112 section 3.2).
struct HTTPRequestTarget: Hashable, Sendable {
    /// Begins with `/`, or is `*`.
    let path: String
    let query: String?
    /// Only in absolute form.
    let authority: HTTPAuthority?

    /// - Parameter text: Visible ASCII without `#`.
    init(_ text: String, method: HTTPMethod) throws(GatewayError) {
        if text.utf8.first == UInt8(ascii: "/") {
            (path, query) = HTTPRequestTarget.split(text[...])
            authority = nil
            return
        }
        if text == "*", method == .options {
            (path, query, authority) = ("*", nil, nil)
            return
        }
        let lowered = text.prefix(8).lowercased()
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: lowered.hasPrefix) else {
            throw .malformed("The request target is neither a path nor an http URL")
        }
        let rest = text.dropFirst(scheme.utf8.count)
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let authority = HTTPAuthority(rest[..<authorityEnd]) else {
            throw .malformed("The request target's host is not valid")
        }
        self.authority = authority
        let tail = rest[authorityEnd...]
        (path, query) = HTTPRequestTarget.split(tail.first == "/" ? tail : "/" + tail)
    }

    private static func split(_ text: Substring) -> (String, String?) {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (String(text), nil) }
        return (String(text[..<mark]), String(text[text.index(after: mark)...]))
    }
}
