public import NIOCore

/// A strict parser of HTTP/1.0 and HTTP/1.1 responses (RFC 9112), fed with bytes as they arrive.
///
/// It accepts only what every correct recipient reads the same way: lines end in CRLF, no field is folded, no blank
/// precedes a colon, and a body is framed by exactly one of `Content-Length`, `chunked` and the connection's end. How the
/// bytes are cut into buffers changes nothing. After the first failure every further call throws the same one.
public struct HTTPResponseParser: Sendable {
    /// What was read.
    public enum Event: Sendable {
        /// The head of an interim answer (102 to 199), for whoever asked to be told; others are read and dropped.
        case interim(HTTPResponseHead)
        /// The head of the answer. Followed by body events and one end.
        case head(HTTPResponseHead, Framing)
        /// A 101 to a request that asked for it: all further bytes are the other protocol's (``takeRest()``).
        case upgraded(HTTPResponseHead)
        /// Some bytes of the body, never empty.
        case body(ByteBuffer)
        /// The answer is complete.
        case end
    }

    /// How long a body is (RFC 9112 section 6.3).
    public enum Framing: Hashable, Sendable {
        /// There is none, whatever the fields say.
        case none
        /// So many bytes.
        case length(Int)
        case chunked
        /// To the end of the connection.
        case untilClose
    }

    /// The status line, the fields and all interim answers before them, in bytes. 64 KiB.
    public static let maxHeadBytes = 64 << 10
    /// Field lines of one head.
    public static let maxFields = 256
    /// The line that begins a chunk: size and extensions, in bytes.
    public static let maxChunkLineBytes = 256
    /// The trailer section, which is dropped, in bytes.
    public static let maxTrailerBytes = 8 << 10
    /// Digits of a chunk's size; more could overflow.
    private static let maxSizeDigits = 15
    /// Read bytes in front of the buffer beyond which it is compacted.
    private static let compactionBytes = 64 << 10

    private enum State: Sendable {
        /// Nothing was asked.
        case idle
        case head
        case fixed(left: Int)
        case chunkLine
        case chunkData(left: Int)
        case chunkEnd
        case trailers
        case untilClose
        case end
        case upgraded
        case failed(HTTPResponseFailure)
    }

    private var state = State.idle
    private var buffer = ByteBuffer()
    private var isHead = false
    private var mayUpgrade = false
    private var tellsInterim = false
    private var headBytes = 0
    private var trailerBytes = 0
    /// Everything before this offset holds no end of a line.
    private var scanned = 0
    /// Whether the connection has a use after the answer: known from its head on.
    public private(set) var keepsAlive = false

    /// A parser at the beginning of a connection.
    public init() {}

    /// Bytes that were appended and not read yet.
    public var bufferedBytes: Int { buffer.readableBytes }

    /// Whether an answer is awaited or under way.
    public var isBusy: Bool { if case .idle = state { false } else { true } }

    /// A request goes out: its answer is read next.
    ///
    /// - Parameters:
    ///   - isHead: Whether the method is HEAD, whose answer has no body.
    ///   - mayUpgrade: Whether it asked for another protocol.
    ///   - tellsInterim: Whether interim answers are events.
    public mutating func expect(isHead: Bool, mayUpgrade: Bool = false, tellsInterim: Bool = false) {
        guard case .idle = state else { return }
        state = .head
        self.isHead = isHead
        self.mayUpgrade = mayUpgrade
        self.tellsInterim = tellsInterim
        headBytes = 0
        scanned = 0
        keepsAlive = false
    }

    /// Takes bytes in the order of arrival.
    public mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        if buffer.readerIndex > HTTPResponseParser.compactionBytes { buffer.discardReadBytes() }
        buffer.writeImmutableBuffer(bytes)
    }

    /// What came behind a 101.
    public mutating func takeRest() -> ByteBuffer {
        defer { buffer = ByteBuffer() }
        return buffer
    }

    /// The next event; nil when more bytes are needed.
    ///
    /// - Throws: What the server did wrong. The connection must then be closed.
    public mutating func next() throws(HTTPResponseFailure) -> Event? {
        while true {
            switch state {
            case .idle:
                guard buffer.readableBytes == 0 else { throw fail(.unasked) }
                return nil
            case .head:
                guard let event = try head() else { return nil }
                return event
            case .fixed(let left):
                guard let part = take(left) else { return nil }
                state = part.readableBytes == left ? .end : .fixed(left: left - part.readableBytes)
                return .body(part)
            case .chunkLine:
                guard let line = try line(HTTPResponseParser.maxChunkLineBytes) else { return nil }
                guard let size = HTTPResponseParser.chunkSize(line) else {
                    throw fail(HTTPResponseFailure("a chunk does not begin with its size"))
                }
                trailerBytes = 0
                state = size == 0 ? .trailers : .chunkData(left: size)
            case .chunkData(let left):
                guard let part = take(left) else { return nil }
                state = part.readableBytes == left ? .chunkEnd : .chunkData(left: left - part.readableBytes)
                return .body(part)
            case .chunkEnd:
                guard let line = try line(0) else { return nil }
                guard line.isEmpty else { throw fail(HTTPResponseFailure("a chunk is longer than it said")) }
                state = .chunkLine
            case .trailers:
                guard let line = try line(HTTPResponseParser.maxTrailerBytes) else { return nil }
                trailerBytes += line.count + 2
                guard trailerBytes <= HTTPResponseParser.maxTrailerBytes else {
                    throw fail(HTTPResponseFailure("the trailer section is too long"))
                }
                if line.isEmpty { state = .end }
            case .untilClose: return take(.max).map { .body($0) }
            case .end:
                state = .idle
                return .end
            case .upgraded: return nil
            case .failed(let failure): throw failure
            }
        }
    }

    /// The server closed its side.
    ///
    /// - Returns: `end` for a body that ends like this; nil when nothing was under way.
    /// - Throws: For an answer that is not complete.
    public mutating func finish() throws(HTTPResponseFailure) -> Event? {
        switch state {
        case .idle, .upgraded: return nil
        case .untilClose, .end:
            state = .idle
            return .end
        case .failed(let failure): throw failure
        case .head, .fixed, .chunkLine, .chunkData, .chunkEnd, .trailers: throw fail(.cutOff)
        }
    }

    private mutating func fail(_ failure: HTTPResponseFailure) -> HTTPResponseFailure {
        state = .failed(failure)
        return failure
    }

    private mutating func take(_ limit: Int) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        return buffer.readSlice(length: min(limit, buffer.readableBytes))
    }

    // MARK: Head

    private mutating func head() throws(HTTPResponseFailure) -> Event? {
        while true {
            guard let count = headLength() else {
                guard headBytes + buffer.readableBytes < HTTPResponseParser.maxHeadBytes else {
                    throw fail(.headTooLong)
                }
                return nil
            }
            headBytes += count
            guard headBytes <= HTTPResponseParser.maxHeadBytes, let bytes = buffer.readSlice(length: count) else {
                throw fail(.headTooLong)
            }
            scanned = 0
            let head: HTTPResponseHead
            do { head = try HTTPResponseParser.read(bytes) } catch { throw fail(error) }
            if head.status == 101 {
                guard mayUpgrade else {
                    throw fail(HTTPResponseFailure("it changes the protocol, which was not asked for"))
                }
                state = .upgraded
                return .upgraded(head)
            }
            if head.status < 200 {
                // A 100 is about the body of the request, which is sent without waiting for it.
                if tellsInterim, head.status > 101 { return .interim(head) }
                continue
            }
            let framing: Framing
            do { framing = try HTTPResponseParser.framing(head, isHead: isHead) } catch { throw fail(error) }
            switch framing {
            case .none, .length(0): state = .end
            case .length(let count): state = .fixed(left: count)
            case .chunked: state = .chunkLine
            case .untilClose: state = .untilClose
            }
            keepsAlive = framing != .untilClose && HTTPResponseParser.keeps(head)
            return .head(head, framing)
        }
    }

    /// The length of a head with the empty line at its end; nil while that has not come.
    private mutating func headLength() -> Int? {
        let start = scanned
        let found = buffer.withUnsafeReadableBytes { bytes -> Int? in
            var index = max(3, start)
            while index < bytes.count {
                // Most bytes are none of the four.
                guard bytes[index] == 0x0a else {
                    index += 1
                    continue
                }
                if bytes[index - 1] == 0x0d, bytes[index - 2] == 0x0a, bytes[index - 3] == 0x0d { return index + 1 }
                index += 1
            }
            return nil
        }
        scanned = buffer.readableBytes
        return found
    }

    private static func read(_ head: ByteBuffer) throws(HTTPResponseFailure) -> HTTPResponseHead {
        let result = head.withUnsafeReadableBytes { bytes -> Result<HTTPResponseHead, HTTPResponseFailure> in
            guard let (status, minorVersion, firstEnd) = statusLine(bytes) else {
                return .failure(HTTPResponseFailure("it does not begin with the status line of HTTP/1.0 or HTTP/1.1"))
            }
            var fields: [(name: String, value: String)] = []
            fields.reserveCapacity(12)
            var start = firstEnd
            // The empty line ends the head.
            while start < bytes.count - 2 {
                guard let feed = bytes[start...].firstIndex(of: 0x0a), feed > start, bytes[feed - 1] == 0x0d else {
                    return .failure(HTTPResponseFailure("a line of the head does not end in CRLF"))
                }
                guard let field = fieldLine(bytes, start..<feed - 1) else {
                    return .failure(HTTPResponseFailure("header line \(fields.count + 1) is not `name: value`"))
                }
                guard fields.count < maxFields else { return .failure(.headTooLong) }
                fields.append(field)
                start = feed + 1
            }
            return .success(HTTPResponseHead(status: status, minorVersion: minorVersion, fields: fields))
        }
        return try result.get()
    }

    /// `HTTP/1.x`, a space, three digits, and a space and any reason or nothing.
    private static func statusLine(_ bytes: UnsafeRawBufferPointer) -> (status: Int, minorVersion: Int, end: Int)? {
        guard bytes.count >= 14, bytes.starts(with: "HTTP/1.".utf8), bytes[7] == 0x30 || bytes[7] == 0x31,
            bytes[8] == 0x20, let feed = bytes.firstIndex(of: 0x0a), feed >= 13, bytes[feed - 1] == 0x0d
        else { return nil }
        var status = 0
        for index in 9..<12 {
            guard HTTPResponseBytes.isDigit(bytes[index]) else { return nil }
            status = status * 10 + Int(bytes[index] - 0x30)
        }
        guard (100...599).contains(status), feed == 13 || bytes[12] == 0x20,
            bytes[12..<feed - 1].allSatisfy(HTTPResponseBytes.isValue)
        else { return nil }
        return (status, Int(bytes[7] - 0x30), feed + 1)
    }

    private static func fieldLine(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>
    ) -> (name: String, value: String)? {
        var colon = line.lowerBound
        while colon < line.upperBound, HTTPResponseBytes.isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else { return nil }
        var start = colon + 1
        var end = line.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 9 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 9 { end -= 1 }
        for index in start..<end where !HTTPResponseBytes.isValue(bytes[index]) { return nil }
        return (
            HTTPResponseBytes.lowercased(bytes[line.lowerBound..<colon]), HTTPResponseBytes.text(bytes[start..<end])
        )
    }

    private static func framing(_ head: HTTPResponseHead, isHead: Bool) throws(HTTPResponseFailure) -> Framing {
        var length: String?
        var coding: String?
        for field in head.fields {
            switch field.name {
            case "content-length":
                guard length == nil else { throw HTTPResponseFailure("there is more than one Content-Length") }
                length = field.value
            case "transfer-encoding":
                guard coding == nil else { throw HTTPResponseFailure("there is more than one Transfer-Encoding") }
                coding = field.value
            default: break
            }
        }
        if let coding {
            guard length == nil, head.minorVersion == 1 else {
                throw HTTPResponseFailure("Transfer-Encoding cannot stand beside Content-Length or in HTTP/1.0")
            }
            guard coding.lowercased() == "chunked" else {
                throw HTTPResponseFailure("no Transfer-Encoding but chunked is understood")
            }
        }
        var count: Int?
        if let length {
            guard let number = HTTPResponseBytes.decimal(length) else {
                throw HTTPResponseFailure("Content-Length is not a decimal number of at most 18 digits")
            }
            count = number
        }
        if isHead || head.status == 204 || head.status == 304 { return .none }
        return coding != nil ? .chunked : count.map { .length($0) } ?? .untilClose
    }

    /// RFC 9112 section 9.3.
    private static func keeps(_ head: HTTPResponseHead) -> Bool {
        guard head.fields.contains(where: { $0.name == "connection" }) else { return head.minorVersion == 1 }
        let options = head.tokens("connection")
        return !options.contains("close") && (head.minorVersion == 1 || options.contains("keep-alive"))
    }

    // MARK: Chunks

    /// The next line without its end; nil while that has not come.
    private mutating func line(_ limit: Int) throws(HTTPResponseFailure) -> [UInt8]? {
        let window = buffer.readableBytesView.prefix(limit + 2)
        guard let feed = window.firstIndex(of: 0x0a) else {
            guard window.count < limit + 2 else {
                throw fail(HTTPResponseFailure("a line of the chunked coding is longer than \(limit) bytes"))
            }
            return nil
        }
        let line = window[..<feed]
        guard line.last == 0x0d else {
            throw fail(HTTPResponseFailure("a line of the chunked coding does not end in CRLF"))
        }
        let bytes = Array(line.dropLast())
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        return bytes
    }

    /// The size in a chunk's first line. Extensions mean nothing here, but no control byte may hide in them.
    private static func chunkSize(_ line: [UInt8]) -> Int? {
        var size = 0
        var index = 0
        while index < line.count, let digit = HTTPResponseBytes.hexValue(line[index]) {
            guard index < maxSizeDigits else { return nil }
            size = size << 4 | digit
            index += 1
        }
        guard index > 0, index == line.count || line[index] == UInt8(ascii: ";"),
            line[index...].allSatisfy(HTTPResponseBytes.isValue)
        else { return nil }
        return size
    }
}
