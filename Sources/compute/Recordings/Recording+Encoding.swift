import WorkerProtocol

extension Recording {
    /// The canonical form: what a ``SignedRecording`` signs, after the name of the format.
    public var canonicalBytes: [UInt8] {
        var writer = CanonicalWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads the canonical form, for which nobody has signed. Never traps.
    ///
    /// - Throws: ``RecordingError`` for bytes that ``canonicalBytes`` would not be within ``RecordingLimits``.
    public init(unverified bytes: [UInt8]) throws(RecordingError) {
        var reader = CanonicalReader(bytes[...])
        try self.init(reading: &reader)
        try reader.finish()
    }

    /// All of it but the signature.
    func write(to writer: inout CanonicalWriter) {
        writer.text(app)
        writer.text(release)
        writer.blob(code.script)
        writer.text(code.fileName)
        writer.text(code.environment)
        writer.integer(code.cpuMilliseconds)
        writer.integer(code.memoryBytes)
        writer.text(input.method)
        writer.text(input.url)
        writer.headers(input.headers)
        writer.blob(input.body)
        writeTranscript(to: &writer)
        switch output {
        case .response(let status, let headers, let body):
            writer.flag(true)
            writer.integer(status)
            writer.headers(headers)
            writer.blob(body)
        case .failure(let code, let message):
            writer.flag(false)
            writer.text(code)
            writer.text(message)
        }
    }

    /// Clock, seed, calls and events.
    func writeTranscript(to writer: inout CanonicalWriter) {
        writer.integer(startMilliseconds)
        writer.blob(seed)
        writer.integer(UInt32(truncatingIfNeeded: calls.count))
        for call in calls {
            writer.text(call.name)
            writer.digest(call.argumentHash)
            writer.flag(call.bodyHash != nil)
            if let hash = call.bodyHash { writer.digest(hash) }
        }
        writer.integer(UInt32(truncatingIfNeeded: events.count))
        for event in events { event.write(to: &writer) }
    }

    /// - Throws: ``RecordingError`` for anything that ``write(to:)`` would not have written within the limits.
    init(reading reader: inout CanonicalReader) throws(RecordingError) {
        let app = try reader.text("app")
        let release = try reader.text("release")
        let code = Code(
            script: try reader.blob("script", limit: RecordingLimits.maxFileBytes),
            fileName: try reader.text("file name"),
            environment: try reader.text("environment", limit: RecordingLimits.maxValueBytes),
            cpuMilliseconds: try reader.integer("CPU limit"), memoryBytes: try reader.integer("memory limit"))
        let input = Input(
            method: try reader.text("method"), url: try reader.text("URL"), headers: try reader.headers("headers"),
            body: try reader.blob("body", limit: RecordingLimits.maxFileBytes))
        let start: UInt64 = try reader.integer("start")
        let seed = try reader.blob("seed", limit: RecordingLimits.seedBytes)
        guard seed.count == RecordingLimits.seedBytes else {
            throw RecordingError(.malformed, "The seed has \(seed.count) bytes, not \(RecordingLimits.seedBytes)")
        }
        let calls = try Self.readCalls(&reader)
        let events = try Self.readEvents(&reader, calls: calls.count)
        let output: Output =
            try reader.flag("kind of output")
            ? .response(
                status: try reader.integer("status"), headers: try reader.headers("answer's headers"),
                body: try reader.blob("answer's body", limit: RecordingLimits.maxOutputBytes))
            : .failure(code: try reader.text("failure"), message: try reader.text("message"))
        self.init(
            app: app, release: release, code: code, startMilliseconds: start, seed: seed, input: input, calls: calls,
            events: events, output: output)
    }

    private static func readCalls(_ reader: inout CanonicalReader) throws(RecordingError) -> [RecordedCall] {
        let count = try reader.count("list of calls", limit: RecordingLimits.maxCalls, itemBytes: 37)
        var calls: [RecordedCall] = []
        for _ in 0..<count {
            let name = try reader.text("call's name")
            let argument = try reader.digest("call's argument")
            calls.append(
                RecordedCall(
                    name: name, argumentHash: argument,
                    bodyHash: try reader.flag("call's body") ? reader.digest("call's body") : nil))
        }
        return calls
    }

    private static func readEvents(
        _ reader: inout CanonicalReader, calls: Int
    ) throws(RecordingError) -> [RecordedEvent] {
        let count = try reader.count("list of events", limit: RecordingLimits.maxEvents, itemBytes: 9)
        var events: [RecordedEvent] = []
        var time: UInt64 = 0
        var requests = 0
        for index in 0..<count {
            let event = try RecordedEvent(reading: &reader)
            guard event.time >= time, event.call.map({ $0 < calls }) ?? true else {
                throw RecordingError(.malformed, "The event \(index) goes back in time or belongs to no call")
            }
            time = event.time
            if event.kind == .request { requests += 1 }
            events.append(event)
        }
        guard requests == 1 else { throw RecordingError(.malformed, "The request is told \(requests) times") }
        return events
    }
}

extension RecordedEvent {
    private enum Tag: UInt8 {
        case request = 1
        case turn = 2
        case result = 3
        case failed = 4
        case data = 5
        case end = 6
        case broken = 7
        case stop = 8
    }

    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.integer(time)
        func begin(_ tag: Tag, _ call: UInt32? = nil) {
            writer.integer(tag.rawValue)
            if let call { writer.integer(call) }
        }
        switch kind {
        case .request: begin(.request)
        case .turn: begin(.turn)
        case .result(let call, let value, let body, let continues):
            begin(.result, call)
            writer.text(value)
            writer.blob(body)
            writer.flag(continues)
        case .failed(let call, let code, let message):
            begin(.failed, call)
            writer.text(code)
            writer.text(message)
        case .data(let call, let bytes):
            begin(.data, call)
            writer.blob(bytes)
        case .end(let call): begin(.end, call)
        case .broken(let call, let message):
            begin(.broken, call)
            writer.text(message)
        case .stop(let call): begin(.stop, call)
        }
    }

    fileprivate init(reading reader: inout CanonicalReader) throws(RecordingError) {
        let time: UInt64 = try reader.integer("event's time")
        let number: UInt8 = try reader.integer("event's kind")
        guard let tag = Tag(rawValue: number) else {
            throw RecordingError(.malformed, "There is no kind of event \(number)")
        }
        if tag == .request || tag == .turn {
            self.init(time: time, kind: tag == .turn ? .turn : .request)
            return
        }
        let call: UInt32 = try reader.integer("event's call")
        let kind: Kind
        switch tag {
        case .result:
            kind = .result(
                call: call, value: try reader.text("value", limit: RecordingLimits.maxValueBytes),
                body: try reader.blob("result", limit: RecordingLimits.maxTranscriptBytes),
                continues: try reader.flag("continuation"))
        case .failed: kind = .failed(call: call, code: try reader.text("code"), message: try reader.text("message"))
        case .data: kind = .data(call: call, bytes: try reader.blob("part", limit: RecordingLimits.maxTranscriptBytes))
        case .broken: kind = .broken(call: call, message: try reader.text("message"))
        case .stop: kind = .stop(call: call)
        case .end, .request, .turn: kind = .end(call: call)
        }
        self.init(time: time, kind: kind)
    }
}
