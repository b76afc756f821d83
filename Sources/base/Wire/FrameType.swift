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
    /// `PeerPBKVApp`: what the sender, no home of the app any more, has of it; answered by ``kvOffered``.
    public static let kvOffer = FrameType(rawValue: 110)
    /// `PeerPBKVApp`: what the peer, a home, has of it on its disk.
    public static let kvOffered = FrameType(rawValue: 111)
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
    /// `PeerPBReadCertificate`, answered by `PeerPBSealedCertificate`.
    public static let readCertificate = FrameType(rawValue: 160)
    /// `PeerPBSealedCertificate`: a domain's certificate and key, sealed to the receiver, or its chain; empty if there is
    /// none.
    public static let certificate = FrameType(rawValue: 161)
    /// `PeerPBSealedCertificate`, answered by ``certificateStored``.
    public static let storeCertificate = FrameType(rawValue: 162)
    /// `PeerPBCertificateDone`.
    public static let certificateStored = FrameType(rawValue: 163)
    /// `PeerPBChallenge`, answered by ``challengeSet``.
    public static let setChallenge = FrameType(rawValue: 164)
    /// `PeerPBCertificateDone`.
    public static let challengeSet = FrameType(rawValue: 165)
    /// `PeerPBSignHandshake`, answered by ``handshakeSignature``.
    public static let signHandshake = FrameType(rawValue: 170)
    /// `PeerPBHandshakeSignature`.
    public static let handshakeSignature = FrameType(rawValue: 171)

    /// `PeerPBCacheAsk`, answered by ``cacheAnswer``.
    public static let cacheAsk = FrameType(rawValue: 176)
    /// `PeerPBCacheAnswer`: an origin's answer, or where its content can be read.
    public static let cacheAnswer = FrameType(rawValue: 177)
    /// `PeerPBCacheRead`, answered by ``cachePiece``.
    public static let cacheRead = FrameType(rawValue: 178)
    /// `PeerPBCachePiece`: bytes of an answer on its way.
    public static let cachePiece = FrameType(rawValue: 179)
    /// `PeerPBCachePurge`, answered by ``cachePurged``.
    public static let cachePurge = FrameType(rawValue: 180)
    /// `PeerPBCachePurged`: the purges are carried out and on the disk.
    public static let cachePurged = FrameType(rawValue: 181)
    /// `PeerPBCachePurgeLog`, answered by ``cachePurges``.
    public static let cachePurgeLog = FrameType(rawValue: 166)
    /// `PeerPBCachePurges`: a page of the peer's log of purges.
    public static let cachePurges = FrameType(rawValue: 167)
    /// `PeerPBCacheLook`, answered by ``cacheView``.
    public static let cacheLook = FrameType(rawValue: 168)
    /// `PeerPBCacheView`: what the peer stores.
    public static let cacheView = FrameType(rawValue: 169)

    /// A call of a function, answered by ``callAnswer`` when the function answers: `docs/design/calls.md` has the
    /// layout of all six.
    public static let callBegin = FrameType(rawValue: 128)
    /// The head of the function's answer, or why there is none.
    public static let callAnswer = FrameType(rawValue: 129)
    /// The next part of a call's body, answered by ``callSent`` when there is room for more.
    public static let callSend = FrameType(rawValue: 130)
    /// Whether the function wants more.
    public static let callSent = FrameType(rawValue: 131)
    /// Asks for the next part of an answer's body, answered by ``callPart`` as soon as there is one.
    public static let callRead = FrameType(rawValue: 132)
    /// The next part of an answer's body.
    public static let callPart = FrameType(rawValue: 133)
    /// Ends a call that nobody waits for, answered by ``callStopped``.
    public static let callStop = FrameType(rawValue: 134)
    /// No body.
    public static let callStopped = FrameType(rawValue: 135)
    /// The id of a receipt as text, answered by ``receipt``.
    public static let readReceipt = FrameType(rawValue: 136)
    /// A signed receipt as its node keeps it.
    public static let receipt = FrameType(rawValue: 137)
    /// A signed roll-back to keep, answered by ``rollbackKept``.
    public static let keepRollback = FrameType(rawValue: 138)
    /// No body: the order is on the peer's disk.
    public static let rollbackKept = FrameType(rawValue: 139)
    /// The name of an app as text, answered by ``rollbackDone``.
    public static let readRollback = FrameType(rawValue: 142)
    /// The last roll-back of the app that the peer carried out by itself, as JSON; empty for none.
    public static let rollbackDone = FrameType(rawValue: 143)

    /// `PeerPBAnnounceMachines`, answered by ``machinesAnnounced``.
    public static let announceMachines = FrameType(rawValue: 80)
    /// `PeerPBMachinesAnnounced`.
    public static let machinesAnnounced = FrameType(rawValue: 81)
    /// `PeerPBWakeMachine`, answered by ``machineAwake`` when it is healthy.
    public static let wakeMachine = FrameType(rawValue: 82)
    /// `PeerPBMachineAwake`.
    public static let machineAwake = FrameType(rawValue: 83)
    /// `PeerPBMachineOrder`, answered by ``machineOrderAnswer``.
    public static let machineOrder = FrameType(rawValue: 84)
    /// `PeerPBMachineOrderAnswer`.
    public static let machineOrderAnswer = FrameType(rawValue: 85)

    /// A snapshot of a volume to remember and to keep a copy of, answered by ``snapshotHeard``: `docs/design/volumes.md`
    /// has the layout.
    public static let announceSnapshot = FrameType(rawValue: 140)
    /// No body.
    public static let snapshotHeard = FrameType(rawValue: 141)

    /// Presents a payment channel, answered by ``sessionOpened``: `docs/design/channels.md` has the layout of all nine.
    public static let openSession = FrameType(rawValue: 192)
    /// The session's number, and what a unit costs in it.
    public static let sessionOpened = FrameType(rawValue: 193)
    /// Acknowledges units, answered by ``acknowledged``.
    public static let acknowledge = FrameType(rawValue: 194)
    /// What is owed now.
    public static let acknowledged = FrameType(rawValue: 195)
    /// A block for which a session pays, with acknowledgments of earlier ones; answered by ``paidBlock``.
    public static let readPaidBlock = FrameType(rawValue: 196)
    /// The raw bytes of a block, at most 256 KiB.
    public static let paidBlock = FrameType(rawValue: 197)
    /// Asks what a commodity costs, answered by ``quote``.
    public static let readQuote = FrameType(rawValue: 198)
    /// A signed quote.
    public static let quote = FrameType(rawValue: 199)
    /// A voucher with which a channel can be settled, answered by ``acknowledged``.
    public static let handVoucher = FrameType(rawValue: 200)

    /// Whether it asks for a block: such requests wait behind all others.
    public var asksForBlock: Bool { self == .readBlock || self == .readPaidBlock }

    /// Whether it is a block: such answers wait behind all others.
    public var isBlock: Bool { self == .block || self == .paidBlock }

    /// Whether its answer takes as long as somebody's code: such requests have limits of their own, so that they take
    /// no turn from those that are answered at once.
    public var waitsForCode: Bool { FrameType.waiting.contains(self) }

    private static let waiting: Set<FrameType> = [.callBegin, .callSend, .callRead, .wakeMachine, .machineOrder]

    /// Such as `frame type 16`.
    public var description: String { "frame type \(rawValue)" }
}
