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
}

extension Frame {
    /// Appends the frame to `output`, length prefix included.
    ///
    /// The caller keeps to ``WireLimits``; a frame beyond them is encoded all the same and refused by the reader.
    public func encode(into output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: [0, 0, 0, 0, type.rawValue])
        encodeFields(into: &output)
        let length = UInt32(truncatingIfNeeded: output.count - start - FrameReader.prefixBytes)
        for index in 0..<FrameReader.prefixBytes {
            output[start + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))
        }
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
        }
    }

    private func encodeFields(into output: inout [UInt8]) {
        switch self {
        case .hello(let version, let layers):
            output.append(integer: version)
            output.append(integer: layers)
        case .load(let code, let fileName, let cpuLimit, let maxResponseBodyBytes):
            output.append(blob: code)
            output.append(text: fileName)
            output.append(integer: cpuLimit)
            output.append(integer: maxResponseBodyBytes)
        case .loaded:
            break
        case .loadFailed(let message, let stack):
            output.append(text: message)
            output.append(text: stack)
        case .request(let id, let head, let body):
            output.append(integer: id)
            output.append(text: head.method)
            output.append(text: head.url)
            output.append(headers: head.headers)
            output.append(blob: body)
        case .response(let id, let status, let headers, let body):
            output.append(integer: id)
            output.append(integer: status)
            output.append(headers: headers)
            output.append(blob: body)
        case .failure(let id, let code, let message):
            output.append(integer: id)
            output.append(code.rawValue)
            output.append(text: message)
        case .log(let id, let level, let line):
            output.append(integer: id)
            output.append(level.rawValue)
            output.append(text: line)
        case .cancel(let id):
            output.append(integer: id)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(blob: [UInt8]) {
        append(integer: UInt32(truncatingIfNeeded: blob.count))
        append(contentsOf: blob)
    }

    fileprivate mutating func append(text: String) {
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
