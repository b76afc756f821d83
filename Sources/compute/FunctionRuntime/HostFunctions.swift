import CJavaScriptCore
import Glibc
import WorkerProtocol

/// The native functions of the prelude. They trust the prelude's argument types, not its values.
enum HostFunctions {
    // Set once before the engine starts, then only read, and only on the engine's thread: the engine calls these
    // functions from the entries that `Worker` makes, and the watchdog asks on the thread that it stops.
    nonisolated(unsafe) static var worker: Worker?

    /// The engine's question at the end of an entry's CPU time.
    static func entryWasTerminated() -> Bool { worker?.stopEntry() ?? true }

    /// Puts a `host` object with the functions on the bridge.
    static func install(on bridge: JSObjectRef, in context: JSGlobalContextRef) {
        let host = JSObjectMake(context, nil, nil)
        set("host", to: host, on: bridge, in: context)
        for (name, function) in functions {
            let text = ScriptText.make(name)
            defer { JSStringRelease(text) }
            set(name, to: JSObjectMakeFunctionWithCallback(context, text, function), on: host, in: context)
        }
    }

    private static func set(_ name: String, to value: JSValueRef?, on object: JSObjectRef?, in context: JSContextRef) {
        let text = ScriptText.make(name)
        defer { JSStringRelease(text) }
        JSObjectSetProperty(context, object, text, value, JSPropertyAttributes(kJSPropertyAttributeReadOnly), nil)
    }

    private static let functions: [(String, JSObjectCallAsFunctionCallback)] = [
        ("now", { context, _, _, _, _, _ in JSValueMakeNumber(context, Double(worker?.now ?? 0) / 1e6) }),
        (
            "fillRandom",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).fillRandom()
            }
        ),
        (
            "encode",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                return ScriptText.withBytes(of: call[0], in: context) {
                    ScriptBytes.makeArray(UnsafeRawBufferPointer($0), in: context)
                }
            }
        ),
        (
            "decode",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).decode()
            }
        ),
        (
            "toASCII",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).domainToASCII()
            }
        ),
        (
            "startTimer",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).startTimer()
            }
        ),
        (
            "stopTimer",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.timers.stop(id: call.number(0))
                return call.undefined
            }
        ),
        (
            "loaded",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.loaded(takesSchedules: call.flag(0))
                return call.undefined
            }
        ),
        (
            "loadFailed",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.loadFailed(message: call.text(0), stack: call.text(1))
                return call.undefined
            }
        ),
        (
            "respond",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).respond()
            }
        ),
        (
            "fail",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).fail()
            }
        ),
        (
            "uncaught",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.uncaught(message: call.text(0), stack: call.text(1))
                return call.undefined
            }
        ),
        (
            "log",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                if let worker {
                    let level = LogLevel(rawValue: UInt8(clamping: Int(call.number(0)))) ?? .info
                    worker.log(worker.owner, level, call.text(1))
                }
                return call.undefined
            }
        ),
        (
            "call",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).beginCall()
            }
        ),
        (
            "send",
            { context, _, _, count, arguments, _ in
                Arguments(context, count, arguments).addToBody()
            }
        ),
        (
            "end",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.endBody(call.id(0))
                return call.undefined
            }
        ),
        (
            "abort",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.breakBody(call.id(0), call.text(1))
                return call.undefined
            }
        ),
        (
            "grant",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.grant(call.id(0), Int(min(call.number(1), 1e9)))
                return call.undefined
            }
        ),
        (
            "cancelBody",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.refuseBody(call.id(0))
                return call.undefined
            }
        ),
        (
            "currentRequest",
            { context, _, _, _, _, _ in JSValueMakeNumber(context, Double(worker?.current ?? 0)) }
        ),
        (
            "wallTime",
            { context, _, _, _, _, _ in
                let time = worker?.driven?.wallMilliseconds ?? MonotonicClock.wallMilliseconds()
                return JSValueMakeNumber(context, time)
            }
        ),
        (
            "warn",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                if let worker { worker.log(worker.owner, .warning, call.text(0)) }
                return call.undefined
            }
        ),
        (
            "beginWait",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.requests.beginWait(call.id(0))
                return call.undefined
            }
        ),
        (
            "endWait",
            { context, _, _, count, arguments, _ in
                let call = Arguments(context, count, arguments)
                worker?.requests.endWait(call.id(0))
                return call.undefined
            }
        ),
    ]
}

/// The arguments of one call from the prelude.
private struct Arguments {
    let context: JSContextRef?
    private let count: Int
    private let values: UnsafePointer<JSValueRef?>?

    init(_ context: JSContextRef?, _ count: Int, _ values: UnsafePointer<JSValueRef?>?) {
        self.context = context
        self.count = count
        self.values = values
    }

    subscript(_ index: Int) -> JSValueRef? { index < count ? values?[index] : nil }

    var undefined: JSValueRef? { JSValueMakeUndefined(context) }

    /// A finite number; 0 for anything else.
    func number(_ index: Int) -> Double {
        guard let value = self[index] else { return 0 }
        let number = JSValueToNumber(context, value, nil)
        return number.isFinite ? number : 0
    }

    func flag(_ index: Int) -> Bool { self[index].map { JSValueToBoolean(context, $0) } ?? false }

    func id(_ index: Int) -> UInt64 { UInt64(exactly: number(index)) ?? 0 }

    func text(_ index: Int) -> String {
        ScriptText.text(of: self[index], in: context, limit: WireLimits.maxTextBytes)
    }

    func fillRandom() -> JSValueRef? {
        guard let span = ScriptBytes.span(of: self[0], in: context), let start = span.baseAddress else {
            return undefined
        }
        if HostFunctions.worker?.driven != nil {
            HostFunctions.worker?.driven?.generator.fill(span)
            return undefined
        }
        // getentropy gives at most 256 bytes at a time.
        for offset in stride(from: 0, to: span.count, by: 256) {
            guard getentropy(start + offset, min(256, span.count - offset)) == 0 else {
                _exit(WorkerExitCode.engine)
            }
        }
        return undefined
    }

    /// Text of bytes; undefined when the bytes must be UTF-8 and are not.
    func decode() -> JSValueRef? {
        guard let span = ScriptBytes.span(of: self[0], in: context) else { return undefined }
        let bytes = UnsafeBufferPointer(span.assumingMemoryBound(to: UInt8.self))
        let isFatal = self[1].map { JSValueToBoolean(context, $0) } ?? false
        if isFatal, String(validating: bytes, as: UTF8.self) == nil { return undefined }
        return ScriptText.value(bytes, in: context)
    }

    /// The ASCII form of a domain; undefined when it cannot be one.
    func domainToASCII() -> JSValueRef? {
        guard let names = DomainNames.shared, let value = self[0], let text = JSValueToStringCopy(context, value, nil)
        else { return undefined }
        defer { JSStringRelease(text) }
        let units = UnsafeBufferPointer(start: JSStringGetCharactersPtr(text), count: JSStringGetLength(text))
        return names.withASCII(of: units) { ascii in
            guard let ascii else { return undefined }
            let name = JSStringCreateWithCharacters(ascii.baseAddress, ascii.count)
            defer { JSStringRelease(name) }
            return JSValueMakeString(context, name)
        }
    }

    func startTimer() -> JSValueRef? {
        guard let worker = HostFunctions.worker else { return JSValueMakeBoolean(context, false) }
        let delay = UInt64(max(0, min(number(1), Double(Int32.max)))) * 1_000_000
        let started = worker.timers.start(
            id: number(0), owner: worker.owner, dueTime: worker.now &+ delay)
        return JSValueMakeBoolean(context, started)
    }

    func respond() -> JSValueRef? {
        guard let worker = HostFunctions.worker else { return undefined }
        let id = id(0)
        let status = UInt16(clamping: Int(min(max(number(1), 0), 65_535)))
        let continues = flag(4)
        ScriptText.withBytes(of: self[2], in: context) { lines in
            withBody(self[3]) { body in
                worker.respond(id, status: status, headerLines: lines, body: body, continues: continues)
            }
        }
        return undefined
    }

    /// The bytes of a text or of an array's, none for null. They are lent: `body` may not enter the engine.
    private func withBody(_ value: JSValueRef?, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard let value, !JSValueIsNull(context, value), !JSValueIsUndefined(context, value) else {
            return body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        if let span = ScriptBytes.span(of: value, in: context) { return body(UnsafeRawBufferPointer(span)) }
        ScriptText.withBytes(of: value, in: context) { body(UnsafeRawBufferPointer($0)) }
    }

    /// The call's id; 0 when it may not be made, and -1 when it may be made later.
    func beginCall() -> JSValueRef? {
        guard let worker = HostFunctions.worker else { return JSValueMakeNumber(context, 0) }
        var body: [UInt8] = []
        withBody(self[3]) { body = Array($0) }
        let argument = ScriptText.text(of: self[2], in: context)
        let start = worker.beginCall(
            owner: id(0), name: text(1), argument: argument, body: body, continues: flag(4))
        return switch start {
        case .began(let id): JSValueMakeNumber(context, Double(id))
        case .busy: JSValueMakeNumber(context, -1)
        case .refused: JSValueMakeNumber(context, 0)
        }
    }

    /// The room that is left for the body; far below zero when nobody wants it.
    func addToBody() -> JSValueRef? {
        guard let worker = HostFunctions.worker, let span = ScriptBytes.span(of: self[1], in: context) else {
            return JSValueMakeNumber(context, -1e9)
        }
        let room = worker.addToBody(id(0), UnsafeRawBufferPointer(span))
        return JSValueMakeNumber(context, room.map(Double.init) ?? -1e9)
    }

    func fail() -> JSValueRef? {
        guard let worker = HostFunctions.worker else { return undefined }
        let code = FailureCode(rawValue: UInt8(clamping: Int(number(1)))) ?? .exception
        let stack = text(3)
        if !stack.isEmpty { worker.log(id(0), .error, stack) }
        worker.fail(id(0), code, text(2))
        return undefined
    }
}
