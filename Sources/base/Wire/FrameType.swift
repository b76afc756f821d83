/// What a frame between nodes carries. Odd values above 15 answer the even value before them.
public struct FrameType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `PeerPBHello`: the first frame from either side.
    public static let hello = FrameType(rawValue: 1)
    /// `PeerPBError`: the answer to a request that failed.
    public static let error = FrameType(rawValue: 2)
    /// `PeerPBPing`, answered by ``pong``.
    public static let ping = FrameType(rawValue: 3)
    /// `PeerPBPong`.
    public static let pong = FrameType(rawValue: 4)
    /// No body: the sender no longer wants the answer to the request with this id.
    public static let cancel = FrameType(rawValue: 5)

    /// `PeerPBStatBlob`, answered by `PeerPBBlobStatus`.
    public static let statBlob = FrameType(rawValue: 16)
    public static let blobStatus = FrameType(rawValue: 17)
    /// `PeerPBReadBlockValues`, answered by `PeerPBBlockValues`.
    public static let readBlockValues = FrameType(rawValue: 18)
    public static let blockValues = FrameType(rawValue: 19)
    /// `PeerPBReadBlock`, answered by the raw bytes of the block.
    public static let readBlock = FrameType(rawValue: 20)
    public static let block = FrameType(rawValue: 21)

    /// `PeerPBReadEntries`, answered by `PeerPBEntries`.
    public static let readEntries = FrameType(rawValue: 32)
    public static let entries = FrameType(rawValue: 33)
    /// `PeerPBSubmitTransaction`, answered by `PeerPBTransactionResult`.
    public static let submitTransaction = FrameType(rawValue: 34)
    public static let transactionResult = FrameType(rawValue: 35)
    /// `PeerPBReleaseReadiness`, answered by `PeerPBReleaseStatus`.
    public static let releaseReadiness = FrameType(rawValue: 36)
    public static let releaseStatus = FrameType(rawValue: 37)
    /// `PeerPBAwaitSequence`, answered by `PeerPBSequenceStatus`.
    public static let awaitSequence = FrameType(rawValue: 38)
    public static let sequenceStatus = FrameType(rawValue: 39)

    public var description: String { "frame type \(rawValue)" }
}
