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
        try cursor.end(of: rawType)
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
            return .loaded(takesSchedules: try cursor.flag("schedules"))
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
