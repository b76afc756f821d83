/// Type bytes of the frames.
enum FrameType: UInt8 {
    case hello = 1
    case load = 2
    case loaded = 3
    case loadFailed = 4
    case request = 5
    case response = 6
    case failure = 7
    case log = 8
    case cancel = 9
    case call = 10
    case result = 11
    case callFailed = 12
    case data = 13
    case end = 14
    case broken = 15
    case credit = 16
    case stop = 17
    case drive = 32
    case turn = 33
    case idle = 34
}

extension Frame {
    /// Appends the frame to `output`, length prefix included.
    ///
    /// The caller keeps to ``WireLimits``; a frame beyond them is encoded all the same and refused by the reader.
    public func encode(into output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: [0, 0, 0, 0, type.rawValue])
        encodeFields(into: &output)
        Self.patchLength(from: start, in: &output)
    }

    private var type: FrameType {
        switch self {
        case .hello: .hello
        case .load: .load
        case .loaded: .loaded
        case .loadFailed: .loadFailed
        case .request: .request
        case .response: .response
        case .failure: .failure
        case .log: .log
        case .cancel: .cancel
        case .call: .call
        case .result: .result
        case .callFailed: .callFailed
        case .data: .data
        case .end: .end
        case .broken: .broken
        case .credit: .credit
        case .stop: .stop
        case .drive: .drive
        case .turn: .turn
        case .idle: .idle
        }
    }

    private func encodeFields(into output: inout [UInt8]) {
        switch self {
        case .hello(let version, let layers):
            output.append(integer: version)
            output.append(integer: layers)
        case .load(let order):
            output.append(blob: order.code)
            output.append(text: order.fileName)
            output.append(integer: order.cpuLimitMilliseconds)
            output.append(integer: order.maxResponseBodyBytes)
            output.append(text: order.environment)
        case .loaded(let takesSchedules):
            output.append(flag: takesSchedules)
        case .loadFailed(let message, let stack):
            output.append(text: message)
            output.append(text: stack)
        case .request(let id, let head, let body, let continues):
            output.append(integer: id)
            output.append(text: head.method)
            output.append(text: head.url)
            output.append(headers: head.headers)
            output.append(blob: body)
            output.append(flag: continues)
        case .response(let id, let status, let headers, let body, let continues, let cpuMicroseconds):
            output.append(integer: id)
            output.append(integer: status)
            output.append(headers: headers)
            output.append(blob: body)
            output.append(flag: continues)
            output.append(integer: cpuMicroseconds)
        case .failure(let id, let code, let message):
            output.append(integer: id)
            output.append(code.rawValue)
            output.append(text: message)
        case .log(let id, let level, let line):
            output.append(integer: id)
            output.append(level.rawValue)
            output.append(text: line)
        case .call(let id, let order, let body, let continues):
            output.append(integer: id)
            output.append(integer: order.owner)
            output.append(text: order.name)
            output.append(text: order.argument)
            output.append(blob: body)
            output.append(flag: continues)
        case .result(let id, let value, let body, let continues):
            output.append(integer: id)
            output.append(text: value)
            output.append(blob: body)
            output.append(flag: continues)
        case .callFailed(let id, let code, let message):
            output.append(integer: id)
            output.append(text: code)
            output.append(text: message)
        case .data(let id, let bytes):
            output.append(integer: id)
            output.append(blob: bytes)
        case .broken(let id, let message):
            output.append(integer: id)
            output.append(text: message)
        case .credit(let id, let bytes):
            output.append(integer: id)
            output.append(integer: bytes)
        case .cancel(let id), .end(let id), .stop(let id):
            output.append(integer: id)
        case .drive(let start, let seed):
            output.append(integer: start)
            output.append(blob: seed)
        case .turn(let time):
            output.append(integer: time)
        case .idle(let due, let isOver):
            output.append(integer: due)
            output.append(flag: isOver)
        }
    }
}

extension [UInt8] {
    mutating func append(integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
    }

    mutating func append(flag: Bool) { append(flag ? 1 : 0) }

    fileprivate mutating func append(blob: [UInt8]) {
        append(integer: UInt32(truncatingIfNeeded: blob.count))
        append(contentsOf: blob)
    }

    mutating func append(text: String) {
        append(integer: UInt32(truncatingIfNeeded: text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(headers: [HeaderField]) {
        append(integer: UInt16(truncatingIfNeeded: headers.count))
        for header in headers {
            append(text: header.name)
            append(text: header.value)
        }
    }
}
