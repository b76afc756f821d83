import NIOCore
import Outbound
import Streams

/// A bucket as an origin: GET and HEAD of objects.
///
/// A path's key is the prefix and the path without its first slash. A path that ends with a slash is that of its
/// `index.html`. The visitor's query is not passed on: services take orders in it.
struct S3Origin: Origin {
    /// Fields of requests that services understand, beside those that are signed.
    private static let passed = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
    /// Longest key (S3's own limit), in bytes.
    private static let maxKeyBytes = 1_024

    private let location: S3Location
    private let description: OriginDescription
    private let transport: HTTPTransport
    private let pseudonym: String
    private let endpoint: HTTPURL
    /// Path before the key, without a slash at its end.
    private let root: String
    /// Seconds since 1970.
    private let clock: @Sendable () -> Int64

    /// - Throws: ``OriginError`` with the code `badDescription`.
    init(
        _ location: S3Location, _ description: OriginDescription, transport: HTTPTransport, pseudonym: String,
        clock: @escaping @Sendable () -> Int64
    ) throws {
        self.location = location
        self.description = description
        self.transport = transport
        self.pseudonym = pseudonym
        self.clock = clock
        var endpoint = try HTTPOrigin.parse(location.endpoint)
        guard endpoint.target == "/" else {
            throw OriginError(.badDescription, "the endpoint \(location.endpoint) has a path; write it without one")
        }
        let name = location.bucket
        guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy(Self.isBucketByte), name != ".", name != ".."
        else {
            throw OriginError(.badDescription, "\(name.prefix(80)) cannot be the name of a bucket; check its spelling")
        }
        if location.usesPathStyle {
            root = "/" + name
        } else {
            guard case .name(let host) = endpoint.host else {
                throw OriginError(.badDescription, "an endpoint that is an address needs the path style; set it")
            }
            endpoint.host = .name("\(name.lowercased()).\(host)")
            root = ""
        }
        self.endpoint = endpoint
    }

    func fetch(_ request: OriginRequest, ended: @escaping @Sendable (OriginError?) -> Void) async throws
        -> OriginResponse
    {
        guard ["GET", "HEAD"].contains(request.method), request.body == nil else {
            defer { ended(nil) }
            return SyntheticResponse.methodNotAllowed(request.method)
        }
        let relay = EndRelay()
        let response = try await transport.send(try message(request), ended: { relay.report($0) })
        if (200...299).contains(response.status) || [304, 412, 416].contains(response.status) {
            relay.choose(ended)
            return Self.cleaned(response)
        }
        let answer = try await refusal(response, method: request.method)
        ended(nil)
        return answer
    }

    private func message(_ request: OriginRequest) throws -> HTTPTransport.Message {
        let path = try ContentPath(request.path)
        let key = location.prefix + path.fileSegments.joined(separator: "/")
        let segments = key.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...Self.maxKeyBytes).contains(key.utf8.count), !segments.contains("."), !segments.contains("..") else {
            throw OriginError(.notFound, "no object can have the key of \(request.path.prefix(200))")
        }
        var url = endpoint
        url.target = root + "/" + PercentEncoding.encode(key.utf8, keeping: [UInt8(ascii: "/")])
        var fields: OriginFields = [:]
        for name in Self.passed { for value in request.fields.all(name) { fields.add(name, value) } }
        if let range = request.wantedRange, request.method == "GET" { fields.add("range", range.description) }
        let host = description.host ?? url.hostAndPort
        if let credentials = location.credentials {
            sign(&fields, credentials, method: request.method, url.target, host)
        }
        fields.add(ForwardedFields.loopName, pseudonym)
        return HTTPTransport.Message(
            owner: description.owner, method: request.method, url: url, fields: fields, host: host, body: nil,
            connectTimeout: description.connectTimeout, firstByteTimeout: description.firstByteTimeout,
            idleTimeout: description.idleTimeout)
    }

    private func sign(
        _ fields: inout OriginFields, _ credentials: S3Location.Credentials, method: String, _ path: String,
        _ host: String
    ) {
        let date = Calendar.basic(unixSeconds: clock())
        fields.set("x-amz-date", date)
        fields.set("x-amz-content-sha256", SignatureV4.emptyPayloadHash)
        if let token = credentials.sessionToken { fields.set("x-amz-security-token", token) }
        var signed = fields
        signed.set("host", host)
        let request = SignatureV4.Request(
            method: method, path: path, fields: signed, payloadHash: SignatureV4.emptyPayloadHash)
        let signer = SignatureV4(credentials: credentials, region: location.region)
        fields.set("authorization", signer.authorization(request, date: date))
    }

    /// What an answer other than the object means: an answer for the visitor, or an error for the app's owner.
    private func refusal(_ response: OriginResponse, method: String) async throws -> OriginResponse {
        let body = try await Self.start(of: response.body)
        let code = S3ErrorCode.read(body.readableBytesView) ?? ""
        switch (response.status, code) {
        case (_, "NoSuchBucket"):
            throw OriginError(.badDescription, "the \(location) does not exist; check its name and region")
        case (_, "InvalidAccessKeyId"), (_, "SignatureDoesNotMatch"), (_, "InvalidToken"), (_, "ExpiredToken"):
            throw OriginError(
                .badDescription, "the \(location) does not accept the access key (\(code)); check the secret")
        case (_, "RequestTimeTooSkewed"):
            throw OriginError(
                .badDescription, "the clocks of this node and of the \(location) differ; set the node's clock")
        case (301, _), (307, _), (400, "AuthorizationHeaderMalformed"), (_, "PermanentRedirect"):
            throw OriginError(
                .badDescription, "the \(location) is in another region than \(location.region); set its region")
        case (404, _): return SyntheticResponse.notFound(method: method)
        case (401, _), (403, _):
            return SyntheticResponse.text(403, "The origin does not allow this.", method: method)
        case (500...599, _):
            var fields: OriginFields = [:]
            if let wait = response.fields["retry-after"] { fields.set("retry-after", wait) }
            return SyntheticResponse.text(response.status, "The origin failed.", fields, method: method)
        default:
            let what = code.isEmpty ? "status \(response.status)" : "status \(response.status), \(code)"
            throw OriginError(
                .badResponse, "the \(location) refused the request: \(what); look the code up in its manual")
        }
    }

    /// The beginning of an error's body; the rest is not read.
    private static func start(of body: ByteStream) async throws -> ByteBuffer {
        var start = ByteBuffer()
        while start.readableBytes < S3ErrorCode.maxBodyBytes, let part = try await body.next() {
            start.writeImmutableBuffer(part)
        }
        body.stop()
        return start
    }

    /// Without fields that speak about the service; those that the object's owner set stay.
    private static func cleaned(_ response: OriginResponse) -> OriginResponse {
        var cleaned = response
        let kept = response.fields.pairs.filter { line in
            (!line.name.hasPrefix("x-amz-") || line.name.hasPrefix("x-amz-meta-")) && line.name != "server"
        }
        cleaned.fields = OriginFields(kept)
        return cleaned
    }

    private static func isBucketByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
