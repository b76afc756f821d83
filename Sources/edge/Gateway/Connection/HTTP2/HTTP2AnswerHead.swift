import NIOHPACK

/// The header section of an HTTP/2 answer.
enum HTTP2AnswerHead {
    /// The status and the fields that are made for each answer.
    private static let ownFields = 6

    /// - Parameters:
    ///   - micros: What the answer took so far; nil when the client is not told.
    static func make(
        _ reply: Reply, _ shared: LoopContext, isSecure: Bool, micros: Int?
    ) -> HPACKHeaders {
        var headers = begin(reply)
        let common = shared.commonFields()
        if reply.prepared?.hasDate != true { headers.add(name: "date", value: common.date, indexing: .nonIndexable) }
        headers.add(name: "skerry-node", value: common.node)
        if isSecure, let policy = shared.strictTransport {
            headers.add(name: "strict-transport-security", value: policy)
        }
        for (name, value) in reply.fields { headers.add(name: name, value: value, indexing: indexing(name)) }
        if let length = reply.contentLength {
            headers.add(name: "content-length", value: String(length), indexing: .nonIndexable)
        }
        if let micros {
            headers.add(
                name: "server-timing", value: ServerTiming.text(micros, reply.timing), indexing: .nonIndexable)
        }
        return headers
    }

    /// The status and what is prepared.
    private static func begin(_ reply: Reply) -> HPACKHeaders {
        if reply.status == 200, let prepared = reply.prepared {
            var headers = prepared.headers
            headers.reserveCapacity(headers.count + reply.fields.count + ownFields)
            return headers
        }
        let prepared = reply.prepared?.fields ?? []
        var headers = HPACKHeaders()
        headers.reserveCapacity(prepared.count + reply.fields.count + ownFields)
        headers.add(name: ":status", value: statusText(reply.status))
        for (name, value) in prepared { headers.add(name: name, value: value, indexing: indexing(name)) }
        return headers
    }

    /// The beginning of many answers.
    static func prepared(_ fields: [(name: String, value: String)]) -> HPACKHeaders {
        var headers = HPACKHeaders()
        headers.reserveCapacity(fields.count + 1)
        headers.add(name: ":status", value: statusText(200))
        for (name, value) in fields { headers.add(name: name, value: value, indexing: indexing(name)) }
        return headers
    }

    /// What is of one answer would push what is of many out of the connection's table, and make it long to search.
    private static func indexing(_ name: String) -> HPACKIndexing {
        switch name {
        case "set-cookie": .neverIndexed
        case "age", "cache-status", "content-range", "date", "etag", "expires", "last-modified", "location",
            "skerry-receipt", "skerry-request":
            .nonIndexable
        default: .indexable
        }
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
