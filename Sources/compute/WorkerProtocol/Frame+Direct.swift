extension Frame {
    /// Appends a ``Frame/request(id:head:body:continues:)`` to `output`, length prefix included, without making one.
    ///
    /// The caller keeps to ``WireLimits``.
    public static func encodeRequest(
        id: UInt64, method: String, url: String, headers: [(name: String, value: String)],
        body: UnsafeRawBufferPointer, continues: Bool, into output: inout [UInt8]
    ) {
        let start = output.count
        output.append(contentsOf: [0, 0, 0, 0, FrameType.request.rawValue])
        output.append(integer: id)
        output.append(text: method)
        output.append(text: url)
        output.append(integer: UInt16(truncatingIfNeeded: headers.count))
        for header in headers {
            output.append(text: header.name)
            output.append(text: header.value)
        }
        output.append(integer: UInt32(truncatingIfNeeded: body.count))
        output.append(contentsOf: body)
        output.append(flag: continues)
        patchLength(from: start, in: &output)
    }

    /// Appends a ``Frame/response(id:status:headers:body:continues:cpuMicroseconds:)`` to `output`, length prefix
    /// included, without making one.
    ///
    /// - Parameter headerLines: UTF-8 with a line each for the name and the value of every field and a line feed between
    ///   two; empty for no fields.
    /// - Returns: False when there are more fields than ``WireLimits/maxHeaderCount``, one is longer than
    ///   ``WireLimits/maxHeaderBytes``, a value is missing, or all is longer than ``WireLimits/maxFrameBytes``; `output`
    ///   is then as it was.
    public static func encodeResponse(
        id: UInt64, status: UInt16, headerLines: UnsafeBufferPointer<UInt8>, body: UnsafeRawBufferPointer,
        continues: Bool, cpuMicroseconds: UInt32, into output: inout [UInt8]
    ) -> Bool {
        let start = output.count
        output.append(contentsOf: [0, 0, 0, 0, FrameType.response.rawValue])
        output.append(integer: id)
        output.append(integer: status)
        guard appendFields(headerLines, to: &output) else {
            output.removeSubrange(start...)
            return false
        }
        output.append(integer: UInt32(truncatingIfNeeded: body.count))
        output.append(contentsOf: body)
        output.append(flag: continues)
        output.append(integer: cpuMicroseconds)
        guard output.count - start - FrameReader.prefixBytes <= WireLimits.maxFrameBytes else {
            output.removeSubrange(start...)
            return false
        }
        patchLength(from: start, in: &output)
        return true
    }

    private static func appendFields(_ lines: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
        let countOffset = output.count
        output.append(integer: UInt16(0))
        if lines.isEmpty { return true }
        var lineCount = 0
        var lineStart = 0
        while lineStart <= lines.count {
            let rest = lines[lineStart...]
            let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) ?? lines.count
            guard lineEnd - lineStart <= WireLimits.maxHeaderBytes, lineCount < 2 * WireLimits.maxHeaderCount else {
                return false
            }
            output.append(integer: UInt32(truncatingIfNeeded: lineEnd - lineStart))
            output.append(contentsOf: lines[lineStart..<lineEnd])
            lineCount += 1
            lineStart = lineEnd + 1
        }
        let fieldCount = UInt16(truncatingIfNeeded: lineCount / 2)
        output[countOffset] = UInt8(truncatingIfNeeded: fieldCount)
        output[countOffset + 1] = UInt8(truncatingIfNeeded: fieldCount >> 8)
        return lineCount % 2 == 0
    }

    /// Writes the length prefix of the frame that begins at `start` and ends `output`.
    static func patchLength(from start: Int, in output: inout [UInt8]) {
        let length = UInt32(truncatingIfNeeded: output.count - start - FrameReader.prefixBytes)
        for index in 0..<FrameReader.prefixBytes {
            output[start + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))
        }
    }
}
