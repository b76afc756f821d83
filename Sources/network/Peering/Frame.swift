public import NIOCore
public import Wire

/// One frame between nodes: a header and its body.
public struct Frame: Hashable, Sendable {
    /// What the body is.
    public var type: FrameType
    /// Whether the frame answers, and whether its type must be known.
    public var flags: FrameHeader.Flags
    /// Chosen by the requester; the answer carries the same.
    public var requestID: UInt32
    /// Protobuf for control frames, raw bytes for blocks; at most ``FrameHeader/maxBodyBytes``.
    public var body: ByteBuffer

    /// A frame of these parts.
    public init(type: FrameType, flags: FrameHeader.Flags, requestID: UInt32, body: ByteBuffer) {
        self.type = type
        self.flags = flags
        self.requestID = requestID
        self.body = body
    }

    /// The header that announces this frame.
    var header: FrameHeader {
        FrameHeader(bodyByteCount: body.readableBytes, type: type, flags: flags, requestID: requestID)
    }
}
