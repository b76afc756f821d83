import NIOCore

/// A request's head while it arrives: lines are checked as soon as they are complete.
///
/// All offsets count from the first byte of the head.
struct HTTPHeadDraft: Sendable {
    enum Outcome {
        case needsMore
        /// The head's length with the empty line at its end.
        case complete(Int)
        /// The same, with the header section of the request before.
        case repeated(Int)
        case failed(GatewayError)
    }

    private var lineStart = 0
    /// Everything before this offset holds no line feed after `lineStart`.
    private var scanned = 0
    private var fieldsStart: Int?
    private var skippedEmptyLine = false

    private var method = HTTPMethod.get
    private var target = 0..<0
    private var minorVersion = 1
    private var lines: [HTTPFields.Line] = []
    private var known: HTTPFields.Known = []

    /// Field lines that most requests stay below.
    private static let usualFields = 12

    /// Reads every line that is complete in `bytes`, which begin with the head's first byte.
    ///
    /// - Parameter last: The header section of the connection's last request.
    mutating func advance(
        over bytes: UnsafeRawBufferPointer, limits: HTTPParserLimits, last: RepeatedFields?
    ) -> Outcome {
        while true {
            guard let lineFeed = bytes[scanned...].firstIndex(of: 0x0a) else {
                scanned = bytes.count
                return overflow(bytes.count, limits).map { .failed($0) } ?? .needsMore
            }
            scanned = lineFeed + 1
            let end = lineFeed - 1
            if let error = overflow(lineFeed, limits) { return .failed(error) }
            guard end >= lineStart, bytes[end] == 0x0d else {
                return .failed(.malformed("A line of the head does not end in CRLF"))
            }
            let line = lineStart..<end
            lineStart = lineFeed + 1
            if let fieldsStart {
                if line.isEmpty { return .complete(lineStart) }
                guard lineStart - fieldsStart <= limits.maxFieldBytes, lines.count < limits.maxFields else {
                    return .failed(HTTPHeadDraft.tooManyFields(limits))
                }
                if let error = readField(bytes, line) { return .failed(error) }
            } else if line.isEmpty {
                // RFC 9112 section 2.2: some clients send an extra line end after a body.
                guard !skippedEmptyLine else { return .failed(.malformed("There is no request line")) }
                skippedEmptyLine = true
            } else {
                guard line.count <= limits.maxRequestLineBytes else {
                    return .failed(HTTPHeadDraft.lineTooLong(limits))
                }
                fieldsStart = lineStart
                if let error = readRequestLine(bytes, line) { return .failed(error) }
                if let last, last.minorVersion == minorVersion, last.begins(bytes[lineStart...]) {
                    return .repeated(lineStart + last.byteCount)
                }
                lines.reserveCapacity(HTTPHeadDraft.usualFields)
            }
        }
    }

    /// Whether the line that has no line feed before `end` can no longer fit.
    private func overflow(_ end: Int, _ limits: HTTPParserLimits) -> GatewayError? {
        if let fieldsStart {
            return end - fieldsStart > limits.maxFieldBytes + 1 ? HTTPHeadDraft.tooManyFields(limits) : nil
        }
        return end - lineStart > limits.maxRequestLineBytes + 1 ? HTTPHeadDraft.lineTooLong(limits) : nil
    }

    private static func lineTooLong(_ limits: HTTPParserLimits) -> GatewayError {
        GatewayError(
            .requestLineTooLong, "The request line is longer than \(limits.maxRequestLineBytes) bytes", origin: .client)
    }

    private static func tooManyFields(_ limits: HTTPParserLimits) -> GatewayError {
        GatewayError(
            .fieldsTooLarge,
            "The header section has more than \(limits.maxFields) fields or \(limits.maxFieldBytes) bytes",
            origin: .client)
    }

    /// RFC 9112 section 3: method, one space, target, one space, version.
    private mutating func readRequestLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> GatewayError? {
        let text = bytes[line]
        guard let firstSpace = text.firstIndex(of: 0x20), let lastSpace = text.lastIndex(of: 0x20),
            firstSpace > line.lowerBound, lastSpace > firstSpace + 1
        else { return .malformed("The request line is not `method target version`") }
        let name = text[line.lowerBound..<firstSpace]
        guard name.allSatisfy(HTTPCharacters.isToken) else { return .malformed("The method is not a token") }
        target = (firstSpace + 1)..<lastSpace
        guard bytes[target].allSatisfy(HTTPCharacters.isTarget) else {
            return .malformed("The request target holds a byte that must be percent-encoded")
        }
        let version = text[(lastSpace + 1)...]
        guard version.count == 8, version.starts(with: "HTTP/".utf8), version[lastSpace + 7] == UInt8(ascii: "."),
            HTTPCharacters.isDigit(version[lastSpace + 6]), HTTPCharacters.isDigit(version[lastSpace + 8])
        else { return .malformed("The request line does not end in a version") }
        guard version[lastSpace + 6] == UInt8(ascii: "1"), version[lastSpace + 8] <= UInt8(ascii: "1") else {
            return GatewayError(.unsupportedVersion, "Only HTTP/1.0 and HTTP/1.1 are spoken here", origin: .client)
        }
        minorVersion = Int(version[lastSpace + 8] - UInt8(ascii: "0"))
        guard let method = HTTPHeadDraft.method(name) else {
            return GatewayError(
                .unknownMethod, "No resource here has the method \(String(decoding: name, as: UTF8.self))",
                origin: .client)
        }
        self.method = method
        return nil
    }

    private static func method(_ name: UnsafeRawBufferPointer.SubSequence) -> HTTPMethod? {
        if name.count == 3, name.elementsEqual("GET".utf8) { return .get }
        return HTTPMethod.allCases.first { $0.rawValue.utf8.elementsEqual(name) }
    }

    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> GatewayError? {
        guard let (name, value) = HTTPHeadDraft.fieldLine(bytes, line) else {
            return .malformed("Header line \(lines.count + 1) is not `name: value`, or is folded")
        }
        let flag = HTTPFields.Known(name: bytes[name])
        if flag == .host || flag == .contentLength, known.contains(flag) {
            return .malformed("There is more than one \(flag == .host ? "Host" : "Content-Length")")
        }
        known.formUnion(flag)
        lines.append(
            HTTPFields.Line(
                name: Int32(name.lowerBound)..<Int32(name.upperBound),
                value: Int32(value.lowerBound)..<Int32(value.upperBound)))
        return nil
    }

    /// Name and trimmed value of a field line (RFC 9112 section 5); nil unless every byte is allowed where it stands.
    static func fieldLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> (Range<Int>, Range<Int>)? {
        var colon = line.lowerBound
        while colon < line.upperBound, HTTPCharacters.isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else { return nil }
        var start = colon + 1
        var end = line.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 9 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 9 { end -= 1 }
        for index in start..<end where !HTTPCharacters.isValue(bytes[index]) { return nil }
        return (line.lowerBound..<colon, start..<end)
    }

    /// The head whose header section was checked for the request before.
    func finish(_ head: ByteBuffer, _ last: RepeatedFields) throws(GatewayError) -> HTTPRequestHead {
        let goal = try goal(head)
        return HTTPRequestHead(
            method: method, path: goal.path, query: goal.query, authority: goal.authority ?? last.authority,
            minorVersion: minorVersion, fields: last.fields, body: .none, keepsAlive: last.keepsAlive,
            expectsContinue: false)
    }

    /// What may serve the next request, if its header section is the same.
    ///
    /// - Parameters:
    ///   - head: Exactly the head's bytes.
    ///   - request: What ``finish(_:)`` made of them.
    func repeatable(_ head: ByteBuffer, _ request: HTTPRequestHead) -> RepeatedFields? {
        // An absolute target has an authority of its own.
        let isOrigin = head.withUnsafeReadableBytes { $0[target].first == UInt8(ascii: "/") }
        guard isOrigin, let fieldsStart, request.body == .none, !known.contains(.expect) else { return nil }
        return RepeatedFields(head, from: fieldsStart, lines: lines, known: known, request)
    }

    private func goal(_ head: ByteBuffer) throws(GatewayError) -> HTTPRequestTarget {
        try HTTPRequestTarget(
            head.withUnsafeReadableBytes { String(decoding: $0[target], as: UTF8.self) }, method: method)
    }

    /// Checks what several lines say together.
    ///
    /// - Parameter head: Exactly the head's bytes.
    func finish(_ head: ByteBuffer) throws(GatewayError) -> HTTPRequestHead {
        let fields = HTTPFields(head: head, lines: lines, known: known)
        let goal = try goal(head)
        var authority: HTTPAuthority?
        if known.contains(.host) {
            guard let host = HTTPAuthority(fields.first("host") ?? "") else {
                throw .malformed("The Host field is not a host with an optional port")
            }
            authority = host
        } else if minorVersion >= 1 {
            throw .malformed("There is no Host field, which HTTP/1.1 requires")
        }
        let body = try bodyFraming(fields)
        let options = known.contains(.connection) ? HTTPCharacters.list(fields.combined("connection") ?? "") : []
        let closes = options.contains { $0.lowercased() == "close" }
        let keeps = minorVersion >= 1 || options.contains { $0.lowercased() == "keep-alive" }
        var expectsContinue = false
        if known.contains(.expect) {
            guard fields.all("expect").allSatisfy({ $0.lowercased() == "100-continue" }) else {
                throw GatewayError(.expectationFailed, "Only `Expect: 100-continue` is understood", origin: .client)
            }
            expectsContinue = minorVersion >= 1 && body != .none
        }
        return HTTPRequestHead(
            method: method, path: goal.path, query: goal.query, authority: goal.authority ?? authority,
            minorVersion: minorVersion, fields: fields, body: body, keepsAlive: keeps && !closes,
            expectsContinue: expectsContinue)
    }

    /// RFC 9112 section 6.3, without the cases in which recipients could disagree.
    private func bodyFraming(_ fields: HTTPFields) throws(GatewayError) -> HTTPRequestHead.Body {
        if known.contains(.transferEncoding) {
            guard !known.contains(.contentLength), minorVersion >= 1 else {
                throw .malformed("Transfer-Encoding cannot stand beside Content-Length or in HTTP/1.0")
            }
            let codings = fields.all("transfer-encoding")
            guard codings.count == 1, let coding = codings.first, coding.lowercased() == "chunked" else {
                let names = HTTPCharacters.list(codings.joined(separator: ",")).map { $0.lowercased() }
                guard names.last == "chunked", names.dropLast().allSatisfy({ $0 != "chunked" }), names.count > 1 else {
                    throw .malformed("The last transfer coding, and only the last, must be chunked")
                }
                throw GatewayError(
                    .unsupportedCoding, "No transfer coding but chunked is understood", origin: .client)
            }
            return .chunked
        }
        guard known.contains(.contentLength) else { return .none }
        guard let length = HTTPCharacters.decimal(fields.first("content-length") ?? "") else {
            throw .malformed("Content-Length is not a decimal number of at most 18 digits")
        }
        return length == 0 ? .none : .length(length)
    }
}
