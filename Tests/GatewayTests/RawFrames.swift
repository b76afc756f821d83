import NIOCore

/// Frames of HTTP/2 as bytes, for clients that send what no library would.
enum RawFrames {
    /// A frame that was received.
    struct Frame {
        let type: UInt8
        let flags: UInt8
        let stream: UInt32
        let payload: ByteBuffer

        var endsStream: Bool { type <= 1 && flags & 1 != 0 }
        /// The code of a RST_STREAM or GOAWAY.
        var code: UInt32? {
            switch type {
            case 3: payload.getInteger(at: payload.readerIndex)
            case 7: payload.getInteger(at: payload.readerIndex + 4)
            default: nil
            }
        }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])

    /// GET / at localhost, from the static table and one literal.
    static let head: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x09] + Array("localhost".utf8)
    /// The same with POST.
    static let post: [UInt8] = [0x83] + head.dropFirst()

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags] + word(stream) + payload
    }

    static func word(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

    /// A setting.
    static func setting(_ id: UInt8, _ value: UInt32) -> [UInt8] { [0, id] + word(value) }

    /// A field that is not indexed; both texts have less than 127 bytes.
    static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }

    /// The whole frames in what was received.
    static func frames(_ bytes: [UInt8]) -> [Frame] {
        var rest = ByteBuffer(bytes: bytes)
        var frames: [Frame] = []
        while let high = rest.readInteger(as: UInt8.self), let low = rest.readInteger(as: UInt16.self),
            let type = rest.readInteger(as: UInt8.self), let flags = rest.readInteger(as: UInt8.self),
            let stream = rest.readInteger(as: UInt32.self),
            let payload = rest.readSlice(length: Int(high) << 16 | Int(low))
        {
            frames.append(Frame(type: type, flags: flags, stream: stream, payload: payload))
        }
        return frames
    }

    /// The code of the first GOAWAY in what was received.
    static func goAway(_ bytes: [UInt8]) -> UInt32? { frames(bytes).first { $0.type == 7 }?.code }
}
