import NIOCore

/// What the first message of a TLS client says about whom it wants: name (RFC 6066 section 3) and application protocols
/// (RFC 7301 section 3.1). Read before the handshake, which needs the right certificate at its start.
///
/// Nothing is decided that the TLS library would not check again: a message that this reader misunderstands fails there.
struct ClientHello: Equatable {
    /// The largest message that is waited for, in bytes. Real ones, with keys that withstand quantum computers, have
    /// less than 2 KiB.
    static let maxBytes = 16 * 1024

    enum Outcome: Equatable {
        case needsMore
        case hello(ClientHello)
        /// No TLS, or longer than ``maxBytes``.
        case invalid
    }

    /// In lower case without a dot at its end; nil for none.
    var serverName: String?
    var protocols: [String] = []

    /// - Parameter bytes: What the client sent so far, from its first byte; at most a few more than ``maxBytes``.
    static func read(_ bytes: ByteBuffer) -> Outcome {
        var records = bytes
        var message = ByteBuffer()
        // RFC 8446 section 5.1: a message may be cut into several records.
        while let type = records.readInteger(as: UInt8.self) {
            guard type == 22 else { return .invalid }
            guard let version = records.readInteger(as: UInt16.self) else { break }
            guard version >> 8 == 3 else { return .invalid }
            guard let length = records.readInteger(as: UInt16.self) else { break }
            guard (1...maxBytes).contains(Int(length)) else { return .invalid }
            guard var part = records.readSlice(length: min(Int(length), records.readableBytes)) else { break }
            message.writeBuffer(&part)
            if let outcome = read(message: message) { return outcome }
            guard message.readableBytes <= maxBytes else { return .invalid }
        }
        return bytes.readableBytes < maxBytes ? .needsMore : .invalid
    }

    /// Nil when the message is not complete yet.
    private static func read(message: ByteBuffer) -> Outcome? {
        var message = message
        guard let type = message.readInteger(as: UInt8.self) else { return nil }
        guard type == 1 else { return .invalid }
        guard let high = message.readInteger(as: UInt8.self), let low = message.readInteger(as: UInt16.self) else {
            return nil
        }
        let length = Int(high) << 16 | Int(low)
        guard length <= maxBytes else { return .invalid }
        guard var body = message.readSlice(length: length) else { return nil }
        // RFC 8446 section 4.1.2: version, random, then three lists that do not matter here.
        guard body.readSlice(length: 34) != nil, list(&body, as: UInt8.self) != nil,
            list(&body, as: UInt16.self) != nil, list(&body, as: UInt8.self) != nil
        else { return .invalid }
        var hello = ClientHello()
        guard body.readableBytes > 0 else { return .hello(hello) }
        guard var extensions = list(&body, as: UInt16.self) else { return .invalid }
        while extensions.readableBytes > 0 {
            guard let kind = extensions.readInteger(as: UInt16.self),
                var content = list(&extensions, as: UInt16.self)
            else { return .invalid }
            switch kind {
            case 0: guard hello.readName(&content) else { return .invalid }
            case 16: guard hello.readProtocols(&content) else { return .invalid }
            default: break
            }
        }
        return .hello(hello)
    }

    private mutating func readName(_ content: inout ByteBuffer) -> Bool {
        guard var names = ClientHello.list(&content, as: UInt16.self) else { return false }
        while names.readableBytes > 0 {
            guard let type = names.readInteger(as: UInt8.self), let name = ClientHello.list(&names, as: UInt16.self)
            else { return false }
            guard type == 0, serverName == nil else { continue }
            var bytes = Array(name.readableBytesView)
            if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
            guard !bytes.isEmpty, bytes.count <= 255, bytes.allSatisfy(HTTPCharacters.isHost) else { return false }
            serverName = String(decoding: bytes.map(HTTPCharacters.lowercased), as: UTF8.self)
        }
        return true
    }

    private mutating func readProtocols(_ content: inout ByteBuffer) -> Bool {
        guard var names = ClientHello.list(&content, as: UInt16.self) else { return false }
        while names.readableBytes > 0 {
            guard let name = ClientHello.list(&names, as: UInt8.self), name.readableBytes > 0 else { return false }
            protocols.append(String(decoding: name.readableBytesView, as: UTF8.self))
        }
        return true
    }

    /// A list behind its length in bytes.
    private static func list<Length: FixedWidthInteger>(
        _ bytes: inout ByteBuffer, as _: Length.Type
    ) -> ByteBuffer? {
        bytes.readLengthPrefixedSlice(as: Length.self)
    }
}
