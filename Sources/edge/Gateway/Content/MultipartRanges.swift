import NIOCore

/// A multipart/byteranges body (RFC 9110 section 14.6).
enum MultipartRanges {
    /// The body's parts in order.
    static func parts(
        _ ranges: [Range<Int>], byteCount: Int, contentType: String, boundary: String
    ) -> [BodyCursor.Part] {
        var parts: [BodyCursor.Part] = []
        for (index, range) in ranges.enumerated() {
            let lead = index == 0 ? "" : "\r\n"
            let head =
                "\(lead)--\(boundary)\r\ncontent-type: \(contentType)\r\n"
                + "content-range: \(contentRange(range, byteCount))\r\n\r\n"
            parts.append(.bytes(ByteBuffer(string: head)))
            parts.append(.range(range))
        }
        parts.append(.bytes(ByteBuffer(string: "\r\n--\(boundary)--\r\n")))
        return parts
    }

    /// The length of all parts together.
    static func byteCount(_ parts: [BodyCursor.Part]) -> Int {
        parts.reduce(0) { total, part in
            switch part {
            case .bytes(let bytes): total + bytes.readableBytes
            case .range(let range): total + range.count
            }
        }
    }

    /// The value of `Content-Range` for a range that is not empty.
    static func contentRange(_ range: Range<Int>, _ byteCount: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(byteCount)"
    }
}
