public import NIOCore
public import Peering
import WorkerProtocol

/// What nodes and their clients say to each other about calls of functions, as bytes: `docs/design/calls.md` has the
/// layout. Integers are big-endian; a text is its length and its UTF-8.
public enum CallFrames {
    /// Of calls that nodes hand on.
    fileprivate static let version: UInt8 = 1
    /// Of calls that a client pays for.
    fileprivate static let clientVersion: UInt8 = 2
    /// The largest part of a body in one frame.
    public static let maxPartBytes = 256 << 10
    /// The fields of one head together: with the first part of a body they fit a peer's frame. 1 MiB.
    public static let maxFieldBytes = 1 << 20
    /// Interim answers ahead of one answer.
    public static let maxInterimAnswers = 16
    private static let maxNameBytes = 1_024

    /// A call.
    public struct Begin: Sendable {
        /// Names the call among those of the node that calls.
        public var call: UInt64
        /// How often it was handed on, 1 and above.
        public var hops: UInt8
        /// How long the caller waits from now, in milliseconds.
        public var deadlineMillis: UInt32
        /// The app's owner and name; in a client's call its name alone.
        public var tenant: String
        /// Empty in a client's call, which gets what visitors get.
        public var release: String
        public var request: Request
        /// The body's first part.
        public var body: ByteBuffer
        /// Whether more follows.
        public var hasMore: Bool
        /// Whether the caller takes interim answers.
        public var takesInterim: Bool
        /// The units of gas that a client pays at most, 1 and above; nil in a call that a node hands on.
        public var mostGas: UInt32?

        public init(
            call: UInt64, hops: UInt8, deadlineMillis: UInt32, tenant: String, release: String, request: Request,
            body: ByteBuffer, hasMore: Bool, takesInterim: Bool = false, mostGas: UInt32? = nil
        ) {
            self.call = call
            self.hops = hops
            self.deadlineMillis = deadlineMillis
            self.tenant = tenant
            self.release = release
            self.request = request
            self.body = body
            self.hasMore = hasMore
            self.takesInterim = takesInterim
            self.mostGas = mostGas
        }
    }

    /// What the function is given. A client's has no id, and path and query for a URL: its node fills in the rest.
    public struct Request: Sendable {
        public var id: String
        /// Empty for none.
        public var trace: String
        public var method: String
        public var url: String
        public var headers: [(name: String, value: String)]

        public init(
            id: String, trace: String, method: String, url: String, headers: [(name: String, value: String)]
        ) {
            self.id = id
            self.trace = trace
            self.method = method
            self.url = url
            self.headers = headers
        }
    }

    /// How a call was answered.
    public enum Answer: Sendable {
        /// A head before that of the answer, for which `callRead` asks then.
        case interim(status: UInt16, headers: [(name: String, value: String)])
        /// `hasMore`: whether more of the body follows `body`.
        case reply(status: UInt16, headers: [(name: String, value: String)], body: ByteBuffer, hasMore: Bool)
        /// `wasRun`: whether the function may have seen the call.
        case failure(code: String, message: String, retryAfterMillis: UInt32?, wasRun: Bool)
    }

    /// How a part of a body ends.
    public enum Part: UInt8, Sendable {
        case more = 0
        case last = 1
        /// The rest cannot be had.
        case broken = 2
    }

    // MARK: Writing

    public static func encode(_ begin: Begin) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.write(priced: begin.mostGas)
        bytes.writeInteger(begin.hops)
        bytes.writeInteger((begin.hasMore ? 1 : 0) | (begin.takesInterim ? 2 : 0), as: UInt8.self)
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

    /// Whether a head with these fields can be sent, and is read at the other side.
    public static func mayCarry(_ headers: [(name: String, value: String)]) -> Bool {
        var left = maxFieldBytes
        for (name, value) in headers {
            guard max(name.utf8.count, value.utf8.count) <= WireLimits.maxHeaderBytes else { return false }
            left -= name.utf8.count + value.utf8.count
        }
        return left >= 0 && headers.count <= WireLimits.maxHeaderCount
    }

    /// - Parameter gas: The units of gas that a client's call cost; nil for a node's.
    public static func encode(_ answer: Answer, gas: UInt32? = nil) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.write(priced: gas)
        switch answer {
        case .interim(let status, let headers):
            bytes.writeInteger(4, as: UInt8.self)
            bytes.writeInteger(status)
            bytes.write(headers: headers)
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
    public static func encode(_ part: Part, of call: UInt64, _ body: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(call)
        bytes.writeInteger(part.rawValue)
        bytes.writeImmutableBuffer(body)
        return bytes
    }

    /// A part of a body on its way from the function (`callPart`).
    public static func encode(_ part: Part, _ body: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(part.rawValue)
        bytes.writeImmutableBuffer(body)
        return bytes
    }

    /// A call's id alone (`callRead`, `callStop`).
    public static func encode(_ call: UInt64) -> ByteBuffer { ByteBuffer(integer: call) }

    // MARK: Reading

    /// - Throws: `PeerError` `peer/refused`.
    public static func begin(_ bytes: ByteBuffer) throws(PeerError) -> Begin {
        var bytes = bytes
        let mostGas = try price(&bytes)
        guard mostGas != 0, let hops = bytes.readInteger(as: UInt8.self), hops > 0,
            let more = bytes.readInteger(as: UInt8.self), more <= 3, let call = bytes.readInteger(as: UInt64.self),
            let deadline = bytes.readInteger(as: UInt32.self), let tenant = bytes.readText(limit: maxNameBytes),
            let release = bytes.readText(limit: maxNameBytes), let id = bytes.readText(limit: maxNameBytes),
            let trace = bytes.readText(limit: maxNameBytes), let method = bytes.readText(limit: maxNameBytes),
            let url = bytes.readText(limit: WireLimits.maxURLBytes), let headers = bytes.readHeaders(),
            bytes.readableBytes <= maxPartBytes
        else { throw malformed }
        return Begin(
            call: call, hops: hops, deadlineMillis: deadline, tenant: tenant, release: release,
            request: Request(id: id, trace: trace, method: method, url: url, headers: headers), body: bytes.slice(),
            hasMore: more & 1 != 0, takesInterim: more & 2 != 0, mostGas: mostGas)
    }

    /// An answer, and what a client's call cost in units of gas; nil for a node's.
    ///
    /// - Throws: `PeerError` `peer/refused`.
    public static func answer(_ bytes: ByteBuffer) throws(PeerError) -> (answer: Answer, gas: UInt32?) {
        var bytes = bytes
        let gas = try price(&bytes)
        return (try readAnswer(&bytes), gas)
    }

    private static func readAnswer(_ bytes: inout ByteBuffer) throws(PeerError) -> Answer {
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
        case 4?:
            guard let status = bytes.readInteger(as: UInt16.self), let headers = bytes.readHeaders(),
                bytes.readableBytes == 0
            else { throw malformed }
            return .interim(status: status, headers: headers)
        default: throw malformed
        }
    }

    /// - Throws: `PeerError` `peer/refused`.
    public static func call(_ bytes: inout ByteBuffer) throws(PeerError) -> UInt64 {
        guard let call = bytes.readInteger(as: UInt64.self) else { throw malformed }
        return call
    }

    /// - Throws: `PeerError` `peer/refused`.
    public static func part(_ bytes: inout ByteBuffer) throws(PeerError) -> (Part, ByteBuffer) {
        guard let part = bytes.readInteger(as: UInt8.self).flatMap(Part.init(rawValue:)),
            bytes.readableBytes <= maxPartBytes
        else { throw malformed }
        return (part, bytes.slice())
    }

    /// The version, and the gas of a client's call.
    private static func price(_ bytes: inout ByteBuffer) throws(PeerError) -> UInt32? {
        switch bytes.readInteger(as: UInt8.self) {
        case version: return nil
        case clientVersion:
            guard let gas = bytes.readInteger(as: UInt32.self) else { throw malformed }
            return gas
        default:
            throw PeerError(.unsupported, "The call is of a version that this node does not know; update it")
        }
    }

    static let malformed = PeerError(.refused, "What came about a call does not follow the protocol")
}

extension ByteBuffer {
    fileprivate mutating func write(priced gas: UInt32?) {
        writeInteger(gas == nil ? CallFrames.version : CallFrames.clientVersion)
        if let gas { writeInteger(gas) }
    }

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
