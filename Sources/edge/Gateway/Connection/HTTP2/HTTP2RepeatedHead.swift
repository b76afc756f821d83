import NIOHPACK

/// The header section of a connection's last request without a body. Most clients send the same fields with each request,
/// and HPACK decodes them to the same strings: then comparing them is all that is left to do.
struct HTTP2RepeatedHead {
    private let headers: HPACKHeaders
    private let request: HTTPRequestHead

    /// Nil for one that is not kept: one that is long, as for ``RepeatedFields``, or has a meaning for its stream alone.
    init?(_ headers: HPACKHeaders, _ request: HTTPRequestHead) {
        guard request.body == .none, request.fields.known.isDisjoint(with: [.connection, .expect]) else { return nil }
        let byteCount = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard byteCount <= RepeatedFields.maxBytes else { return nil }
        self.headers = headers
        self.request = request
    }

    /// The request if it differs in nothing but its path; nil for any other.
    ///
    /// - Parameter headers: Of a request without a body.
    func head(_ headers: HPACKHeaders, limits: HTTPParserLimits) throws(HTTP2HeadError) -> HTTPRequestHead? {
        guard headers.count == self.headers.count else { return nil }
        var path: String?
        var last = self.headers.makeIterator()
        for (name, value, _) in headers {
            guard let (lastName, lastValue, _) = last.next(), name == lastName else { return nil }
            if value == lastValue { continue }
            guard name == ":path" else { return nil }
            path = value
        }
        guard let path else { return request }
        let target = try HTTP2RequestHead.target(path, request.method, limits)
        return HTTPRequestHead(
            method: request.method, path: target.path, query: target.query, authority: request.authority,
            minorVersion: 1, fields: request.fields, body: .none, keepsAlive: true, expectsContinue: false)
    }
}
