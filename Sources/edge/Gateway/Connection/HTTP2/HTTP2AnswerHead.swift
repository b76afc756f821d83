import NIOHPACK

/// The header section of an HTTP/2 answer.
enum HTTP2AnswerHead {
    private static let usualFields = 14

    /// - Parameters:
    ///   - micros: What the answer took so far; nil when the client is not told.
    static func make(
        _ reply: Reply, _ shared: LoopContext, isSecure: Bool, micros: Int?
    ) -> HPACKHeaders {
        var headers = HPACKHeaders()
        headers.reserveCapacity(usualFields)
        headers.add(name: ":status", value: statusText(reply.status))
        let common = shared.commonFields()
        // Changes every second: in the table it would push out what lasts.
        if reply.prepared?.hasDate != true { headers.add(name: "date", value: common.date, indexing: .nonIndexable) }
        headers.add(name: "skerry-node", value: common.node)
        if isSecure, let policy = shared.strictTransport {
            headers.add(name: "strict-transport-security", value: policy)
        }
        if let prepared = reply.prepared {
            for (name, value) in prepared.fields { headers.add(name: name, value: value) }
        }
        for (name, value) in reply.fields {
            headers.add(name: name, value: value, indexing: name == "set-cookie" ? .neverIndexed : .indexable)
        }
        if let length = reply.contentLength {
            headers.add(name: "content-length", value: String(length), indexing: .nonIndexable)
        }
        if let micros {
            headers.add(
                name: "server-timing", value: ServerTiming.text(micros, reply.timing), indexing: .nonIndexable)
        }
        return headers
    }

    private static func statusText(_ status: Int) -> String {
        switch status {
        case 200: "200"
        case 206: "206"
        case 304: "304"
        case 404: "404"
        default: String(status)
        }
    }
}
