/// The 12 bytes before every frame's body, big-endian: body length u32, type u8, flags u8, reserved u16 (zero),
/// request id u32.
public struct FrameHeader: Hashable, Sendable {
    /// Bits that say how to treat a frame.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The flags' byte in a header.
        public let rawValue: UInt8
        /// Takes any bits; unknown ones mean nothing.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The frame answers the request with the same id.
        public static let response = Flags(rawValue: 1)
        /// A receiver that does not know the frame's type must answer with an error, not skip it.
        public static let required = Flags(rawValue: 2)
    }

    /// The size of an encoded header.
    public static let byteCount = 12
    /// The largest body of any frame: ledger entries and block values come in pages of at most half of this.
    public static let maxBodyBytes = 2 << 20

    /// Bytes that follow the header, 0 to ``maxBodyBytes``.
    public var bodyByteCount: Int
    /// What the body is.
    public var type: FrameType
    /// Whether the frame answers, and whether its type must be known.
    public var flags: Flags
    /// Chosen by the requester; unique among its requests in flight on the connection.
    public var requestID: UInt32

    /// A header of these parts; `bodyByteCount` must be within its limit.
    public init(bodyByteCount: Int, type: FrameType, flags: Flags, requestID: UInt32) {
        self.bodyByteCount = bodyByteCount
        self.type = type
        self.flags = flags
        self.requestID = requestID
    }

    /// Reads a header from its 12 bytes, given as three big-endian words.
    ///
    /// - Throws: ``FrameError`` for a body above ``maxBodyBytes`` or reserved bits that are not zero.
    public init(length: UInt32, kind: UInt32, requestID: UInt32) throws(FrameError) {
        guard length <= UInt32(FrameHeader.maxBodyBytes) else {
            throw FrameError(.tooLarge, "A frame announces \(length) bytes; the limit is \(FrameHeader.maxBodyBytes)")
        }
        guard kind & 0xffff == 0 else {
            throw FrameError(.malformed, "A frame's reserved bits are set; the peer speaks another protocol")
        }
        bodyByteCount = Int(length)
        type = FrameType(rawValue: UInt8(kind >> 24))
        flags = Flags(rawValue: UInt8(kind >> 16 & 0xff))
        self.requestID = requestID
    }

    /// The header as three words, to be written big-endian.
    public var words: (UInt32, UInt32, UInt32) {
        (UInt32(bodyByteCount), UInt32(type.rawValue) << 24 | UInt32(flags.rawValue) << 16, requestID)
    }
}
