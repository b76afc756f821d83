import NIOCore
public import SwiftProtobuf
public import Wire

extension PeerReply {
    /// An answer whose body is a protobuf message.
    public init(_ type: FrameType, _ message: some Message) throws {
        self.init(type: type, body: try ByteBuffer(message: message))
    }
}

extension PeerRequest {
    /// Reads the body as a protobuf message.
    ///
    /// - Throws: ``PeerError`` with `protocolViolation`.
    public func message<M: Message>(_ type: M.Type = M.self) throws -> M { try body.message(type) }
}

extension ByteBuffer {
    /// The serialised bytes of `message`.
    init(message: some Message) throws {
        let bytes: [UInt8] = try message.serializedBytes()
        self.init(bytes: bytes)
    }

    /// Reads the readable bytes as a protobuf message.
    func message<M: Message>(_ type: M.Type = M.self) throws -> M {
        do {
            return try withUnsafeReadableBytes { try M(serializedBytes: Array($0)) }
        } catch {
            throw PeerError(.protocolViolation, "A body is no \(M.protoMessageName); the peer speaks another protocol")
        }
    }
}
