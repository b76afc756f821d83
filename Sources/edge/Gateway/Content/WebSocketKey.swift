import Crypto

/// The handshake of WebSocket in HTTP/1.1 (RFC 6455 section 4.1), which the gateway has in the place of a client that
/// speaks HTTP/2, where there is none (RFC 8441 section 5).
enum WebSocketKey {
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    private static let byteCount = 16

    /// A new value of `Sec-WebSocket-Key`.
    static func make() -> String { base64((0..<byteCount).map { _ in UInt8.random(in: 0 ... .max) }) }

    /// The `Sec-WebSocket-Accept` of whoever read the key, and means to speak WebSocket.
    static func accept(_ key: String) -> String {
        var hash = Insecure.SHA1()
        Array((key + suffix).utf8).withUnsafeBytes { hash.update(bufferPointer: $0) }
        return base64(Array(hash.finalize()))
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// RFC 4648 section 4.
    private static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let number = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for place in 0..<4 {
                let digit = digits[Int(number >> (18 - 6 * UInt32(place)) & 63)]
                text.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
