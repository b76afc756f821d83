import Blake3
import Functions
import Recordings
import WorkerProtocol

/// What a driven invocation did so far: a core that the recorder and the replayer share.
struct InvocationState {
    /// The request's id on the worker's socket.
    static let requestID: UInt64 = 2

    /// What has to be done about what the worker said.
    enum Action: Hashable {
        /// A call began. Its body, or the first part of it.
        case call(Int, name: String, argument: String, body: [UInt8], continues: Bool)
        case callData(Int, [UInt8])
        case callBodyEnded(Int)
        case callBodyBroken(Int, String)
        /// So many more bytes of the call's result may be sent.
        case credit(Int, Int)
        /// Nobody wants the result any more.
        case dropped(Int)
        case log(LogLevel, String)
    }

    private struct Call {
        var id: UInt64
        var record: RecordedCall
        var body = Blake3Hasher()
        var isBodyOpen: Bool
    }

    private var calls: [Call] = []
    private var places: [UInt64: Int] = [:]
    private var grants: [UInt64: Int] = [:]
    private var head: (status: UInt16, headers: [HeaderField])?
    private var body: [UInt8] = []

    /// The code runs and the request may come.
    private(set) var isLoaded = false
    /// What the invocation led to, once that is complete.
    private(set) var output: Recording.Output?

    /// What was asked for so far.
    var recordedCalls: [RecordedCall] { calls.map(\.record) }
    var callCount: Int { calls.count }

    /// Takes what a turn led to.
    ///
    /// - Throws: ``RecordingError`` when the code does not load, a limit is broken, or the worker is no worker of ours.
    mutating func take(_ frames: [Frame]) throws(RecordingError) -> [Action] {
        var actions: [Action] = []
        for frame in frames {
            switch frame {
            case .loaded: isLoaded = true
            case .loadFailed(let message, let stack):
                throw RecordingError(.loadFailed, "The code does not load: \(stack.isEmpty ? message : stack)")
            case .response(_, let status, let headers, let bytes, let continues, _):
                head = (status, headers)
                try add(bytes)
                if !continues { output = .response(status: status, headers: headers, body: body) }
            case .failure(_, let code, let message): try fail(code, message)
            case .log(_, let level, let line): actions.append(.log(level, line))
            case .call(let id, let order, let bytes, let continues):
                actions.append(try begin(id, order, bytes, continues))
            case .data, .end, .broken: try takeBody(frame, &actions)
            case .credit(let id, let bytes):
                if let place = places[id] { actions.append(.credit(place, Int(bytes))) }
            case .stop(let id):
                if let place = places[id] { actions.append(.dropped(place)) }
            case .hello, .load, .request, .cancel, .result, .callFailed, .drive, .turn, .idle:
                throw RecordingError(.worker, "The worker sent a frame that only its node may send")
            }
        }
        return actions
    }

    /// Credit for what the worker sent, in the order of ids: it follows from the frames alone.
    mutating func takeGrants() -> [Frame] {
        defer { grants = [:] }
        return grants.sorted { $0.key < $1.key }.map { .credit(id: $0.key, bytes: UInt32(clamping: $0.value)) }
    }

    /// The frames that tell the worker of an event.
    func frames(for kind: RecordedEvent.Kind, input: Recording.Input) throws(RecordingError) -> [Frame] {
        switch kind {
        case .turn: return []
        case .request:
            return [
                .request(
                    id: Self.requestID,
                    head: RequestHead(method: input.method, url: input.url, headers: input.headers), body: input.body,
                    continues: false)
            ]
        case .result(let call, let value, let body, let continues):
            return [.result(id: try id(call), value: value, body: body, continues: continues)]
        case .failed(let call, let code, let message):
            return [.callFailed(id: try id(call), code: code, message: message)]
        case .data(let call, let bytes): return [.data(id: try id(call), bytes: bytes)]
        case .end(let call): return [.end(id: try id(call))]
        case .broken(let call, let message): return [.broken(id: try id(call), message: message)]
        case .stop(let call): return [.stop(id: try id(call))]
        }
    }

    private func id(_ call: UInt32) throws(RecordingError) -> UInt64 {
        guard calls.indices.contains(Int(call)) else {
            throw RecordingError(.malformed, "The call \(call) is answered before it is made")
        }
        return calls[Int(call)].id
    }

    // MARK: Parts

    private mutating func begin(
        _ id: UInt64, _ order: HostCallOrder, _ bytes: [UInt8], _ continues: Bool
    ) throws(RecordingError) -> Action {
        guard calls.count < RecordingLimits.maxCalls else {
            throw RecordingError(.tooLarge, "The function makes more than \(RecordingLimits.maxCalls) calls")
        }
        guard places[id] == nil else { throw RecordingError(.worker, "The worker used the id of a call twice") }
        let place = calls.count
        var call = Call(
            id: id,
            record: RecordedCall(name: order.name, argumentHash: Blake3.hash(order.argument.utf8), bodyHash: nil),
            isBodyOpen: continues)
        call.body.update(bytes)
        if !continues { call.record.bodyHash = call.body.finalize() }
        calls.append(call)
        places[id] = place
        return .call(place, name: order.name, argument: order.argument, body: bytes, continues: continues)
    }

    private mutating func takeBody(_ frame: Frame, _ actions: inout [Action]) throws(RecordingError) {
        switch frame {
        case .data(Self.requestID, let bytes):
            try add(bytes)
            grants[Self.requestID, default: 0] += bytes.count
        case .end(Self.requestID):
            if let head { output = .response(status: head.status, headers: head.headers, body: body) }
        case .broken(Self.requestID, let message):
            output = .failure(code: FunctionError.Code.exception.rawValue, message: message)
        case .data(let id, let bytes):
            guard let place = places[id], calls[place].isBodyOpen else { return }
            calls[place].body.update(bytes)
            grants[id, default: 0] += bytes.count
            actions.append(.callData(place, bytes))
        case .end(let id):
            guard let place = places[id], calls[place].isBodyOpen else { return }
            calls[place].isBodyOpen = false
            calls[place].record.bodyHash = calls[place].body.finalize()
            actions.append(.callBodyEnded(place))
        case .broken(let id, let message):
            guard let place = places[id], calls[place].isBodyOpen else { return }
            calls[place].isBodyOpen = false
            actions.append(.callBodyBroken(place, message))
        default: return
        }
    }

    private mutating func add(_ bytes: [UInt8]) throws(RecordingError) {
        guard body.count + bytes.count <= RecordingLimits.maxOutputBytes else {
            throw RecordingError(
                .tooLarge, "The answer has more than \(RecordingLimits.maxOutputBytes) bytes; recordings hold no more")
        }
        body += bytes
    }

    private mutating func fail(_ code: FailureCode, _ message: String) throws(RecordingError) {
        let name: FunctionError.Code
        switch code {
        case .exception: name = .exception
        case .badResponse: name = .badResponse
        case .bodyTooLarge: name = .bodyTooLarge
        case .cpuLimit: throw RecordingError(.limit, "The function used up its CPU time: \(message)")
        case .cancelled, .notLoaded: throw RecordingError(.worker, "The worker gave up: \(message)")
        }
        // What a function breaks off after its answer is in the output already.
        if output == nil { output = .failure(code: name.rawValue, message: message) }
    }
}
