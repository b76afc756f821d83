/// What a frame between nodes carries. Odd values above 15 answer the even value before them.
public struct FrameType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The type's byte in a frame's header.
    public let rawValue: UInt8

    /// Any type, known here or not.
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
    /// `PeerPBBlobStatus`: what the peer holds of the blob.
    public static let blobStatus = FrameType(rawValue: 17)
    /// `PeerPBReadBlockValues`, answered by `PeerPBBlockValues`.
    public static let readBlockValues = FrameType(rawValue: 18)
    /// `PeerPBBlockValues`: chaining values, 32 bytes for each block.
    public static let blockValues = FrameType(rawValue: 19)
    /// `PeerPBReadBlock`, answered by the raw bytes of the block.
    public static let readBlock = FrameType(rawValue: 20)
    /// The raw bytes of a block, at most 256 KiB.
    public static let block = FrameType(rawValue: 21)

    /// `PeerPBReadEntries`, answered by `PeerPBEntries`.
    public static let readEntries = FrameType(rawValue: 32)
    /// `PeerPBEntries`: ledger entries in order.
    public static let entries = FrameType(rawValue: 33)
    /// `PeerPBSubmitTransaction`, answered by `PeerPBTransactionResult`.
    public static let submitTransaction = FrameType(rawValue: 34)
    /// `PeerPBTransactionResult`: where the transaction went, or why it was refused.
    public static let transactionResult = FrameType(rawValue: 35)
    /// `PeerPBReleaseReadiness`, answered by `PeerPBReleaseStatus`.
    public static let releaseReadiness = FrameType(rawValue: 36)
    /// `PeerPBReleaseStatus`: whether the release can be served.
    public static let releaseStatus = FrameType(rawValue: 37)
    /// `PeerPBAwaitSequence`, answered by `PeerPBSequenceStatus`.
    public static let awaitSequence = FrameType(rawValue: 38)
    /// `PeerPBSequenceStatus`: the highest ledger entry that the peer has applied.
    public static let sequenceStatus = FrameType(rawValue: 39)
    /// `PeerPBExchangeVotes`, answered by `PeerPBVotes`.
    public static let exchangeVotes = FrameType(rawValue: 40)
    /// `PeerPBVotes`: votes for the same checkpoints.
    public static let votes = FrameType(rawValue: 41)
    /// `PeerPBReadLedgerBase`, answered by `PeerPBLedgerBase`.
    public static let readLedgerBase = FrameType(rawValue: 42)
    /// `PeerPBLedgerBase`: handovers and the newest snapshot.
    public static let ledgerBase = FrameType(rawValue: 43)

    /// `PeerPBProbe`, answered by `PeerPBProbeAck`.
    public static let probe = FrameType(rawValue: 48)
    /// `PeerPBProbeAck`: the peer lives.
    public static let probeAck = FrameType(rawValue: 49)
    /// `PeerPBIndirectProbe`, answered by `PeerPBIndirectProbeAck`.
    public static let indirectProbe = FrameType(rawValue: 50)
    /// `PeerPBIndirectProbeAck`: whether the target answered the peer.
    public static let indirectProbeAck = FrameType(rawValue: 51)
    /// `PeerPBSyncMembers`, answered by `PeerPBMembers`.
    public static let syncMembers = FrameType(rawValue: 52)
    /// `PeerPBMembers`: a page of the peer's view.
    public static let members = FrameType(rawValue: 53)

    /// `PeerPBFindProviders`, answered by `PeerPBProviders`.
    public static let findProviders = FrameType(rawValue: 64)
    /// `PeerPBProviders`: records of the key, and nodes nearer to it.
    public static let providers = FrameType(rawValue: 65)
    /// `PeerPBStoreRecords`, answered by `PeerPBStoreResult`.
    public static let storeRecords = FrameType(rawValue: 66)
    /// `PeerPBStoreResult`: what became of each record.
    public static let storeResult = FrameType(rawValue: 67)

    /// `PeerPBKVKey`, answered by ``kvEntry``.
    public static let kvGet = FrameType(rawValue: 96)
    /// `PeerPBKVEntry`: what the key holds.
    public static let kvEntry = FrameType(rawValue: 97)
    /// `PeerPBKVPut`, answered by ``kvStored``.
    public static let kvPut = FrameType(rawValue: 98)
    /// `PeerPBKVDone`.
    public static let kvStored = FrameType(rawValue: 99)
    /// `PeerPBKVKey`, answered by ``kvDeleted``.
    public static let kvDelete = FrameType(rawValue: 100)
    /// `PeerPBKVDone`.
    public static let kvDeleted = FrameType(rawValue: 101)
    /// `PeerPBKVList`, answered by ``kvNames``.
    public static let kvList = FrameType(rawValue: 102)
    /// `PeerPBKVNames`.
    public static let kvNames = FrameType(rawValue: 103)
    /// `PeerPBKVChanges` of the sender's own, answered by ``kvApplied``.
    public static let kvPush = FrameType(rawValue: 104)
    /// `PeerPBKVApplied`: how far the peer is.
    public static let kvApplied = FrameType(rawValue: 105)
    /// `PeerPBKVPull`, answered by ``kvChanges``.
    public static let kvPull = FrameType(rawValue: 106)
    /// `PeerPBKVChanges`.
    public static let kvChanges = FrameType(rawValue: 107)
    /// `PeerPBKVApps`, answered by ``kvAppList``.
    public static let kvApps = FrameType(rawValue: 108)
    /// `PeerPBKVAppList`.
    public static let kvAppList = FrameType(rawValue: 109)
    /// `PeerPBStatSecrets`, answered by `PeerPBSecretsStatus`.
    public static let statSecrets = FrameType(rawValue: 112)
    /// `PeerPBSecretsStatus`: a node's sealing key, and what it knows of secrets.
    public static let secretsStatus = FrameType(rawValue: 113)
    /// `PeerPBReadSecrets`, answered by `PeerPBSecrets`.
    public static let readSecrets = FrameType(rawValue: 114)
    /// `PeerPBSecrets`: an app's secrets, sealed to the receiver.
    public static let secrets = FrameType(rawValue: 115)
    /// `PeerPBSecrets`, answered by `PeerPBSecretsStatus`.
    public static let storeSecrets = FrameType(rawValue: 116)
    /// `PeerPBSecretsStatus`: what the node has now.
    public static let secretsStored = FrameType(rawValue: 117)

    /// Such as `frame type 16`.
    public var description: String { "frame type \(rawValue)" }
}
