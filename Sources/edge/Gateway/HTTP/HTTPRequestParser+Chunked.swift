import NIOCore

/// The chunked transfer coding (RFC 9112 section 7.1).
extension HTTPRequestParser {
    /// What a chunk may cost in framing before its overhead counts, in bytes.
    private static let freeChunkFraming = 16
    /// Hexadecimal digits of a chunk's size; fewer than 16, so that a size is never negative.
    private static let maxSizeDigits = 15

    mutating func nextChunked() throws(GatewayError) -> Event? {
        while true {
            switch state {
            case .chunkLine:
                let limit = limits.maxChunkLineBytes
                guard let line = try takeLine(limit, over: .badRequest, "A chunk's first line") else { return nil }
                guard let size = HTTPRequestParser.chunkSize(line) else {
                    throw fail(.malformed("A chunk does not begin with a valid size; see RFC 9112 section 7.1"))
                }
                chunkOverhead += line.count + 4 - HTTPRequestParser.freeChunkFraming
                chunkOverhead = size > chunkOverhead ? 0 : chunkOverhead - size
                guard chunkOverhead <= limits.maxChunkOverheadBytes else {
                    throw fail(.malformed("The body's chunks carry far more framing than data; send larger chunks"))
                }
                trailerBytes = 0
                trailerCount = 0
                state = size == 0 ? .trailers : .chunkData(remaining: size)
            case .chunkData(let remaining):
                guard let slice = takeBody(remaining) else { return nil }
                let left = remaining - slice.readableBytes
                state = left == 0 ? .chunkEnd : .chunkData(remaining: left)
                return .body(slice)
            case .chunkEnd:
                guard let line = try takeLine(0, over: .badRequest, "What follows a chunk's data") else { return nil }
                assert(line.isEmpty)
                state = .chunkLine
            case .trailers:
                let room = limits.maxTrailerBytes - trailerBytes
                guard let line = try takeLine(max(0, room - 2), over: .fieldsTooLarge, "The trailer section") else {
                    return nil
                }
                if line.isEmpty {
                    endRequest()
                    return .end
                }
                trailerBytes += line.count + 2
                trailerCount += 1
                guard trailerCount <= limits.maxFields else {
                    let message = "There are more than \(limits.maxFields) trailers"
                    throw fail(GatewayError(.fieldsTooLarge, message, origin: .client))
                }
                try checkTrailer(line)
            case .head, .fixedBody, .end, .failed:
                return nil
            }
        }
    }

    /// Fields that frame or route a message must not come behind it (RFC 9110, 6.5.1).
    private static let forbiddenTrailers: Set<String> = ["transfer-encoding", "content-length", "host"]

    private mutating func checkTrailer(_ line: [UInt8]) throws(GatewayError) {
        let name = line.withUnsafeBytes { HTTPHeadDraft.fieldLine($0, 0..<$0.count)?.0 }
        guard let name else { throw fail(.malformed("A trailer is not a valid field line")) }
        let text = String(decoding: line[name], as: UTF8.self).lowercased()
        guard !Self.forbiddenTrailers.contains(text) else {
            throw fail(.malformed("The field \(text) does not belong in a trailer"))
        }
    }

    /// One line without its CRLF; nil when it is not complete yet.
    private mutating func takeLine(
        _ limit: Int, over code: GatewayError.Code, _ what: String
    ) throws(GatewayError) -> [UInt8]? {
        // The search is bounded, so searching again when more bytes arrive stays cheap.
        let window = buffer.readableBytesView.prefix(limit + 2)
        guard let lineFeed = window.firstIndex(of: 0x0a) else {
            guard window.count < limit + 2 else {
                throw fail(GatewayError(code, "\(what) is longer than \(limit) bytes", origin: .client))
            }
            return nil
        }
        let line = window[..<lineFeed]
        guard line.last == 0x0d else {
            // Says the same as when these bytes arrive one by one.
            throw fail(
                line.count > limit
                    ? GatewayError(code, "\(what) is longer than \(limit) bytes", origin: .client)
                    : .malformed("\(what) does not end in CRLF"))
        }
        let bytes = Array(line.dropLast())
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        return bytes
    }

    /// The size in a chunk's first line; nil unless line and extensions follow the grammar without optional blanks.
    static func chunkSize(_ line: [UInt8]) -> Int? {
        var size = 0
        var index = 0
        while index < line.count, let digit = HTTPCharacters.hexValue(line[index]) {
            guard index < maxSizeDigits else { return nil }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index > 0 else { return nil }
        while index < line.count {
            guard line[index] == UInt8(ascii: ";") else { return nil }
            index += 1
            guard skipToken(line, &index) else { return nil }
            guard index < line.count, line[index] == UInt8(ascii: "=") else { continue }
            index += 1
            if index < line.count, line[index] == UInt8(ascii: "\"") {
                guard skipQuoted(line, &index) else { return nil }
            } else {
                guard skipToken(line, &index) else { return nil }
            }
        }
        return size
    }

    private static func skipToken(_ line: [UInt8], _ index: inout Int) -> Bool {
        let start = index
        while index < line.count, HTTPCharacters.isToken(line[index]) { index += 1 }
        return index > start
    }

    private static func skipQuoted(_ line: [UInt8], _ index: inout Int) -> Bool {
        index += 1
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"):
                index += 1
                guard index < line.count, HTTPCharacters.isValue(line[index]) else { return false }
            default:
                guard HTTPCharacters.isValue(line[index]) else { return false }
            }
            index += 1
        }
        return false
    }
}
