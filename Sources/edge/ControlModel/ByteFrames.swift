public import Foundation

/// Byte strings one after the other, each behind its length in four bytes, highest first: how the API sends ledger
/// entries, hand-overs and proofs, which are hashed and signed as bytes and would only grow in JSON.
public enum ByteFrames {
    /// The media type of such an answer.
    public static let contentType = "application/octet-stream"
    /// Bytes before each frame.
    public static let headerByteCount = 4

    /// The concatenation of `frames`, each behind its length.
    public static func encode(_ frames: [Data]) -> Data {
        var bytes = Data(capacity: frames.reduce(0) { $0 + headerByteCount + $1.count })
        for frame in frames {
            bytes.append(header(frame.count))
            bytes.append(frame)
        }
        return bytes
    }

    /// The length of a frame as it stands before the frame.
    public static func header(_ count: Int) -> Data {
        let count = UInt32(clamping: count)
        return Data([UInt8(count >> 24), UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)])
    }

    /// The frames of `bytes`; nil if they do not end with a frame's end, or a frame is longer than `maxFrameBytes`.
    public static func decode(_ bytes: Data, maxFrameBytes: Int) -> [Data]? {
        var frames: [Data] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= headerByteCount else { return nil }
            let count = rest.prefix(headerByteCount).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(headerByteCount)
            guard count <= maxFrameBytes, count <= rest.count else { return nil }
            frames.append(Data(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return frames
    }
}
