extension Frame {
    /// Decodes one frame from its bytes after the length prefix.
    ///
    /// - Throws: ``WireError`` for anything that ``encode(into:)`` would not have written; never traps.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Frame {
        var cursor = FrameCursor(bytes)
        let rawType: UInt8 = try cursor.integer("type")
        guard let type = FrameType(rawValue: rawType) else {
            throw WireError(.unknownType, "frame type \(rawType) is unknown; are node and worker of one version?")
        }
        let frame = try decodeFields(of: type, &cursor)
        guard cursor.isAtEnd else {
            throw WireError(.malformed, "\(cursor.remaining) bytes follow the last field of a frame of type \(rawType)")
        }
        return frame
    }

    private static func decodeFields(of type: FrameType, _ cursor: inout FrameCursor) throws(WireError) -> Frame {
        switch type {
        case .hello:
            return .hello(version: try cursor.integer("version"), layers: try cursor.integer("layers"))
        case .load:
            return .load(
                LoadOrder(
                    code: try cursor.blob("code"),
                    fileName: try cursor.text("file name", limit: WireLimits.maxTextBytes),
                    cpuLimitMilliseconds: try cursor.integer("CPU limit"),
                    maxResponseBodyBytes: try cursor.integer("body limit"),
                    environment: try cursor.text("environment", limit: WireLimits.maxValueBytes)))
        case .loaded:
            return .loaded
        case .loadFailed:
            return .loadFailed(
                message: try cursor.text("message", limit: WireLimits.maxTextBytes),
                stack: try cursor.text("stack", limit: WireLimits.maxTextBytes))
        case .request:
            let id: UInt64 = try cursor.integer("id")
            let head = RequestHead(
                method: try cursor.text("method", limit: WireLimits.maxHeaderBytes),
                url: try cursor.text("URL", limit: WireLimits.maxURLBytes),
                headers: try cursor.headers())
            return .request(
                id: id, head: head, body: try cursor.blob("body"), continues: try cursor.flag("continuation"))
        case .response:
            return .response(
                id: try cursor.integer("id"), status: try cursor.integer("status"),
                headers: try cursor.headers(), body: try cursor.blob("body"),
                continues: try cursor.flag("continuation"), cpuMicroseconds: try cursor.integer("CPU time"))
        case .failure:
            let id: UInt64 = try cursor.integer("id")
            let code: UInt8 = try cursor.integer("failure code")
            guard let failure = FailureCode(rawValue: code) else {
                throw WireError(.malformed, "failure code \(code) is unknown")
            }
            return .failure(
                id: id, code: failure, message: try cursor.text("message", limit: WireLimits.maxTextBytes))
        case .log:
            let id: UInt64 = try cursor.integer("id")
            let level: UInt8 = try cursor.integer("level")
            guard let logLevel = LogLevel(rawValue: level) else {
                throw WireError(.malformed, "log level \(level) is unknown")
            }
            return .log(id: id, level: logLevel, line: try cursor.text("line", limit: WireLimits.maxTextBytes))
        case .cancel:
            return .cancel(id: try cursor.integer("id"))
        case .drive:
            return .drive(startMilliseconds: try cursor.integer("start"), seed: try cursor.blob("seed"))
        case .turn:
            return .turn(time: try cursor.integer("time"))
        case .idle:
            return .idle(due: try cursor.integer("due time"), isOver: try cursor.flag("end"))
        default:
            return try decodeExchange(of: type, &cursor)
        }
    }

    /// Host calls and the parts of bodies.
    private static func decodeExchange(of type: FrameType, _ cursor: inout FrameCursor) throws(WireError) -> Frame {
        let id: UInt64 = try cursor.integer("id")
        switch type {
        case .call:
            let order = HostCallOrder(
                owner: try cursor.integer("owner"), name: try cursor.text("name", limit: WireLimits.maxHeaderBytes),
                argument: try cursor.text("argument", limit: WireLimits.maxValueBytes))
            return .call(
                id: id, order, body: try cursor.blob("body"), continues: try cursor.flag("continuation"))
        case .result:
            return .result(
                id: id, value: try cursor.text("value", limit: WireLimits.maxValueBytes),
                body: try cursor.blob("body"), continues: try cursor.flag("continuation"))
        case .callFailed:
            return .callFailed(
                id: id, code: try cursor.text("code", limit: WireLimits.maxHeaderBytes),
                message: try cursor.text("message", limit: WireLimits.maxTextBytes))
        case .data: return .data(id: id, bytes: try cursor.blob("bytes"))
        case .end: return .end(id: id)
        case .broken: return .broken(id: id, message: try cursor.text("message", limit: WireLimits.maxTextBytes))
        case .credit: return .credit(id: id, bytes: try cursor.integer("credit"))
        default: return .stop(id: id)
        }
    }
}

/// Reads fields in order and never past the end.
private struct FrameCursor {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }
    var isAtEnd: Bool { remaining == 0 }

    mutating func integer<Integer: FixedWidthInteger>(_ field: StaticString) throws(WireError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard remaining >= size else { throw truncated(field) }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
        offset += size
        return Integer(littleEndian: value)
    }

    mutating func slice(_ field: StaticString, limit: Int) throws(WireError) -> Slice<UnsafeRawBufferPointer> {
        let length = Int(try integer(field) as UInt32)
        guard length <= limit else {
            throw WireError(.malformed, "the \(field) is \(length) bytes long and the limit is \(limit)")
        }
        guard remaining >= length else { throw truncated(field) }
        defer { offset += length }
        return bytes[offset..<(offset + length)]
    }

    mutating func flag(_ field: StaticString) throws(WireError) -> Bool {
        switch try integer(field) as UInt8 {
        case 0: return false
        case 1: return true
        case let value: throw WireError(.malformed, "the \(field) is \(value); it must be 0 or 1")
        }
    }

    mutating func blob(_ field: StaticString) throws(WireError) -> [UInt8] {
        Array(try slice(field, limit: WireLimits.maxFrameBytes))
    }

    mutating func text(_ field: StaticString, limit: Int) throws(WireError) -> String {
        String(decoding: try slice(field, limit: limit), as: UTF8.self)
    }

    mutating func headers() throws(WireError) -> [HeaderField] {
        let count = Int(try integer("header count") as UInt16)
        guard count <= WireLimits.maxHeaderCount else {
            throw WireError(.malformed, "\(count) header lines; the limit is \(WireLimits.maxHeaderCount)")
        }
        var headers: [HeaderField] = []
        headers.reserveCapacity(count)
        for _ in 0..<count {
            let name = try text("header name", limit: WireLimits.maxHeaderBytes)
            let value = try text("header value", limit: WireLimits.maxHeaderBytes)
            headers.append(HeaderField(name: name, value: value))
        }
        return headers
    }

    private func truncated(_ field: StaticString) -> WireError {
        WireError(.malformed, "the frame ends inside the \(field), at byte \(offset) of \(bytes.count)")
    }
}
