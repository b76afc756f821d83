import Outbound

/// What of a machine's answer goes to the client.
enum AnswerFields {
    /// Fields of one connection (RFC 9110 section 7.6.1) and their older relatives, and what framing sets.
    private static let dropped: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length",
    ]
    /// What the gateway alone says.
    private static let reservedPrefix = "skerry-"

    static func passed(_ head: HTTPResponseHead) -> [(name: String, value: String)] {
        let named = head.fields.contains { $0.name == "connection" } ? head.tokens("connection") : []
        return head.fields.filter { field in
            !dropped.contains(field.name) && !field.name.hasPrefix(reservedPrefix)
                && (named.isEmpty || !named.contains(field.name))
        }
    }
}
