import Gateway

/// Requests that every test of the parser uses.
enum Corpus {
    struct Invalid: Sendable, CustomStringConvertible {
        let text: String
        let code: GatewayError.Code
        var description: String { text.debugDescription }

        init(_ text: String, _ code: GatewayError.Code = .badRequest) {
            self.text = text
            self.code = code
        }
    }

    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

    static let valid: [String] = [
        get + "\r\n",
        "\r\n" + get + "\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "HEAD /x%20y?a=b&c=|d HTTP/1.1\r\nhost:b.localhost:8080\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://Other.localhost:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://other?q HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET https://other HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
        "GET //a//b HTTP/1.1\r\nHost: a:\r\n\r\n",
        get + "X-Empty:\r\nX-Blank: \t \r\nX-Value: \u{e9} tab\there\r\n\r\n",
        get + "!#$%&'*+-.^_`|~09: token\r\n\r\n",
        get + "Content-Length: 0\r\n\r\n",
        post + "Content-Length: 5\r\n\r\nhello",
        post + "Content-Length: 005\r\n\r\nhello",
        post + "Content-Length: 5\r\nConnection: close\r\n\r\n\r\n\r\n\r",
        chunked + "0\r\n\r\n",
        chunked + "5\r\nhello\r\n0\r\n\r\n",
        chunked + "A;name=value;flag;q=\"a \\\"b\"\r\n0123456789\r\n0001\r\nx\r\n000\r\nTrailer: yes\r\n\r\n",
        post + "Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        post + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        "DELETE /thing HTTP/1.1\r\nHost: a\r\n\r\n",
        "PATCH /thing HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        "PUT /thing HTTP/1.0\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}",
    ]

    static let invalid: [Invalid] = [
        // Request line.
        Invalid("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), Invalid("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET /\r\nHost: a\r\n\r\n"), Invalid(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), Invalid("GET / http/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), Invalid("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET / HTTP/1.1\nHost: a\r\n\r\n"), Invalid("GET / HTTP/1.1\r\nHost: a\n\r\n"),
        Invalid("GET / HTTP/1.1\r\nHost: a\r\n\n"), Invalid("GET / HTTP/1.1\rHost: a\r\n\r\n"),
        Invalid("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Invalid("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), Invalid("GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n"), Invalid("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET a HTTP/1.1\r\nHost: a\r\n\r\n"), Invalid("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"), Invalid("GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("GET ftp://h/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Invalid("get / HTTP/1.1\r\nHost: a\r\n\r\n", .unknownMethod),
        Invalid("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", .unknownMethod),
        Invalid("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", .unknownMethod),
        Invalid("GET / HTTP/0.9\r\n\r\n", .unsupportedVersion), Invalid("GET / HTTP/1.2\r\n\r\n", .unsupportedVersion),
        Invalid("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        // Fields.
        Invalid(get + " folded\r\n\r\n"), Invalid(get + "A: b\r\n\tc\r\n\r\n"), Invalid(get + "A : b\r\n\r\n"),
        Invalid(get + ": b\r\n\r\n"), Invalid(get + "A\r\n\r\n"), Invalid(get + "A b: c\r\n\r\n"),
        Invalid(get + "A: b\u{0}c\r\n\r\n"), Invalid(get + "A: b\rc\r\n\r\n"), Invalid(get + "A: \u{7f}\r\n\r\n"),
        Invalid(get + "\u{e9}: b\r\n\r\n"),
        // Host.
        Invalid("GET / HTTP/1.1\r\n\r\n"), Invalid(get + "Host: a\r\n\r\n"), Invalid(get + "hOST: b\r\n\r\n"),
        Invalid("GET / HTTP/1.1\r\nHost:\r\n\r\n"), Invalid("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        Invalid("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), Invalid("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        Invalid("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), Invalid("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
        Invalid("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), Invalid("GET / HTTP/1.1\r\nHost: [x::]\r\n\r\n"),
        Invalid("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), Invalid("GET http://a/ HTTP/1.1\r\nHost: ,\r\n\r\n"),
        // Framing, in the shapes by which requests are smuggled.
        Invalid(post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        Invalid(post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        Invalid(post + "Content-Length: 1, 1\r\n\r\nx"), Invalid(post + "Content-Length: +1\r\n\r\nx"),
        Invalid(post + "Content-Length: -1\r\n\r\nx"), Invalid(post + "Content-Length: 0x1\r\n\r\nx"),
        Invalid(post + "Content-Length: 1 1\r\n\r\nx"), Invalid(post + "Content-Length:\r\n\r\n"),
        Invalid(post + "Content-Length: 99999999999999999999\r\n\r\n"),
        Invalid(post + "Content-Length : 1\r\n\r\nx"), Invalid(post + "Content-Length: 1_0\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"),
        Invalid(post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: identity\r\n\r\n"), Invalid(post + "Transfer-Encoding:\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: chunked, gzip\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: chunked, chunked\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: xchunked\r\n\r\n"), Invalid(post + "Transfer-Encoding: \"chunked\"\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: \u{b}chunked\r\n\r\n"),
        Invalid(post + "Transfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedCoding),
        Invalid(post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", .unsupportedCoding),
        Invalid("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Invalid(post + "Expect: magic\r\n\r\n", .expectationFailed),
        // Chunks.
        Invalid(chunked + "\r\n"), Invalid(chunked + "x\r\n"), Invalid(chunked + "-1\r\n"), Invalid(chunked + "+1\r\n"),
        Invalid(chunked + "0x1\r\na\r\n"), Invalid(chunked + " 1\r\na\r\n"), Invalid(chunked + "1 \r\na\r\n"),
        Invalid(chunked + "1\na\r\n"), Invalid(chunked + "1\r\nab\r\n"), Invalid(chunked + "1\r\na\n"),
        Invalid(chunked + "1\r\naX\n"), Invalid(chunked + "ffffffffffffffff\r\n"),
        Invalid(chunked + "1234567890123456\r\n"), Invalid(chunked + "1;\r\na\r\n"), Invalid(chunked + "1; a\r\na\r\n"),
        Invalid(chunked + "1;a=\r\na\r\n"), Invalid(chunked + "1;a=\"b\r\na\r\n"), Invalid(chunked + "1;a\rb\r\na\r\n"),
        Invalid(chunked + "0\r\n folded\r\n\r\n"), Invalid(chunked + "0\r\nA : b\r\n\r\n"),
        Invalid(chunked + "0\r\nA: b\n\r\n"),
    ]
}
