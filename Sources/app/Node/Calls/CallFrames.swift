import Functions
import NIOCore
import Peering
import WorkerProtocol

/// What nodes say to each other about calls of functions, as bytes: `docs/design/calls.md` has the layout. Integers are
/// big-endian; a text is its length and its UTF-8.
enum CallFrames {
    static let version: UInt8 = 1
    /// The largest part of a body in one frame.
    static let maxPartBytes = 256 << 10
    private static let maxNameBytes = 1_024

    /// A call.
    struct Begin: Sendable {
        /// Names the call among those of the node that calls.
        var call: UInt64
        /// How often it was handed on, 1 and above.
        var hops: UInt8
        /// How long the caller waits from now, in milliseconds.
        var deadlineMillis: UInt32
        var tenant: String
        var release: String
        var request: Request
        /// The body's first part.
        var body: ByteBuffer
        /// Whether more follows.
        var hasMore: Bool
    }

    /// What the function is given.
    struct Request: Sendable {
        var id: String
        /// Empty for none.
        var trace: String
        var method: String
        var url: String
        var headers: [(name: String, value: String)]
    }

    /// How a call was answered.
    enum Answer: Sendable {
        /// `isBody`: whether more of the body follows `body`.
        case reply(status: UInt16, headers: [(name: String, value: String)], body: ByteBuffer, hasMore: Bool)
        /// `wasRun`: whether the function may have seen the call.
        case failure(code: String, message: String, retryAfterMillis: UInt32?, wasRun: Bool)
    }

    /// How a part of a body ends.
    enum Part: UInt8, Sendable {
        case more = 0
        case last = 1
        /// The rest cannot be had.
        case broken = 2
    }

    // MARK: Writing

    static func encode(_ begin: Begin) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(version)
        bytes.writeInteger(begin.hops)
        bytes.writeInteger(begin.hasMore ? 1 : 0, as: UInt8.self)
        bytes.writeInteger(begin.call)
        bytes.writeInteger(begin.deadlineMillis)
        let request = begin.request
        for text in [begin.tenant, begin.release, request.id, request.trace, request.method, request.url] {
            bytes.write(text: text)
        }
        bytes.write(headers: request.headers)
        bytes.writeImmutableBuffer(begin.body)
        return bytes
    }

    static func encode(_ answer: Answer) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(version)
        switch answer {
        case .reply(let status, let headers, let body, let hasMore):
            bytes.writeInteger(hasMore ? 1 : 0, as: UInt8.self)
            bytes.writeInteger(status)
            bytes.write(headers: headers)
            bytes.writeImmutableBuffer(body)
        case .failure(let code, let message, let retryAfterMillis, let wasRun):
            bytes.writeInteger(wasRun ? 3 : 2, as: UInt8.self)
            bytes.writeInteger(retryAfterMillis ?? .max)
            bytes.write(text: code)
            bytes.write(text: message)
        }
        return bytes
    }

    /// A part of a body on its way to the function (`callSend`).
    static func encode(_ part: Part, of call: UInt64, _ body: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(call)
        bytes.writeInteger(part.rawValue)
        bytes.writeImmutableBuffer(body)
        return bytes
    }

    /// A part of a body on its way from the function (`callPart`).
    static func encode(_ part: Part, _ body: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(part.rawValue)
        bytes.writeImmutableBuffer(body)
        return bytes
    }

    /// A call's id alone (`callRead`, `callStop`).
    static func encode(_ call: UInt64) -> ByteBuffer { ByteBuffer(integer: call) }

    // MARK: Reading

    /// - Throws: `PeerError` `peer/refused`.
    static func begin(_ bytes: ByteBuffer) throws(PeerError) -> Begin {
        var bytes = bytes
        try checkVersion(&bytes)
        guard let hops = bytes.readInteger(as: UInt8.self), hops > 0, let more = bytes.readInteger(as: UInt8.self),
            more <= 1, let call = bytes.readInteger(as: UInt64.self),
            let deadline = bytes.readInteger(as: UInt32.self), let tenant = bytes.readText(limit: maxNameBytes),
            let release = bytes.readText(limit: maxNameBytes), let id = bytes.readText(limit: maxNameBytes),
            let trace = bytes.readText(limit: maxNameBytes), let method = bytes.readText(limit: maxNameBytes),
            let url = bytes.readText(limit: WireLimits.maxURLBytes), let headers = bytes.readHeaders(),
            bytes.readableBytes <= maxPartBytes
        else { throw malformed }
        return Begin(
            call: call, hops: hops, deadlineMillis: deadline, tenant: tenant, release: release,
            request: Request(id: id, trace: trace, method: method, url: url, headers: headers), body: bytes.slice(),
            hasMore: more == 1)
    }

    /// - Throws: `PeerError` `peer/refused`.
    static func answer(_ bytes: ByteBuffer) throws(PeerError) -> Answer {
        var bytes = bytes
        try checkVersion(&bytes)
        switch bytes.readInteger(as: UInt8.self) {
        case .some(let kind) where kind <= 1:
            guard let status = bytes.readInteger(as: UInt16.self), let headers = bytes.readHeaders(),
                bytes.readableBytes <= maxPartBytes
            else { throw malformed }
            return .reply(status: status, headers: headers, body: bytes.slice(), hasMore: kind == 1)
        case .some(let kind) where kind <= 3:
            guard let retry = bytes.readInteger(as: UInt32.self), let code = bytes.readText(limit: maxNameBytes),
                let message = bytes.readText(limit: WireLimits.maxTextBytes), bytes.readableBytes == 0
            else { throw malformed }
            return .failure(
                code: code, message: message, retryAfterMillis: retry == .max ? nil : retry, wasRun: kind == 3)
        default: throw malformed
        }
    }

    /// - Throws: `PeerError` `peer/refused`.
    static func call(_ bytes: inout ByteBuffer) throws(PeerError) -> UInt64 {
        guard let call = bytes.readInteger(as: UInt64.self) else { throw malformed }
        return call
    }

    /// - Throws: `PeerError` `peer/refused`.
    static func part(_ bytes: inout ByteBuffer) throws(PeerError) -> (Part, ByteBuffer) {
        guard let part = bytes.readInteger(as: UInt8.self).flatMap(Part.init(rawValue:)),
            bytes.readableBytes <= maxPartBytes
        else { throw malformed }
        return (part, bytes.slice())
    }

    private static func checkVersion(_ bytes: inout ByteBuffer) throws(PeerError) {
        guard bytes.readInteger(as: UInt8.self) == version else {
            throw PeerError(.unsupported, "The call is of a version that this node does not know; update it")
        }
    }

    private static let malformed = PeerError(.refused, "What came about a call does not follow the protocol")
}

extension ByteBuffer {
    fileprivate mutating func write(text: String) {
        writeInteger(UInt32(clamping: text.utf8.count))
        writeString(text)
    }

    fileprivate mutating func write(headers: [(name: String, value: String)]) {
        writeInteger(UInt16(clamping: headers.count))
        for header in headers {
            write(text: header.name)
            write(text: header.value)
        }
    }

    fileprivate mutating func readText(limit: Int) -> String? {
        guard let count = readInteger(as: UInt32.self), count <= limit, let bytes = readBytes(length: Int(count)) else {
            return nil
        }
        return String(validating: bytes, as: UTF8.self)
    }

    fileprivate mutating func readHeaders() -> [(name: String, value: String)]? {
        guard let count = readInteger(as: UInt16.self), count <= WireLimits.maxHeaderCount else { return nil }
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let name = readText(limit: WireLimits.maxHeaderBytes),
                let value = readText(limit: WireLimits.maxHeaderBytes)
            else { return nil }
            headers.append((name, value))
        }
        return headers
    }
}
