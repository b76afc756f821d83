public import ControlModel
public import Identity
public import NIOCore

/// What the control API needs of the node. Failures that a person should read are thrown as ``ControlFailure``; anything
/// else is logged and answered with status 500.
public protocol ControlBackend: Sendable {
    /// The node's id, which signed requests name.
    var node: NodeID { get }

    func status() async -> NodeStatus

    /// Whether `account` may write to this node.
    func mayWrite(_ account: AccountID) -> Bool

    /// A stored blob; nil if the node does not have it.
    func blob(_ id: BlobID) async throws -> BlobInfo?
    /// A stored blob's bytes; nil if the node does not have it.
    func content(_ id: BlobID) async throws -> (any ControlBlob)?
    /// Those of `ids` that the node lacks.
    func missing(_ ids: [BlobID]) async throws -> [BlobID]
    /// Begins to store a blob; `expecting` is its id when the sender knows it, `byteCount` its size.
    func upload(expecting: BlobID?, byteCount: Int?) async throws -> any ControlUpload
    /// The largest blob that the node takes, in bytes.
    var maxBlobBytes: Int { get }

    /// Stored blobs in the order of their digests.
    func blobs(after: BlobID?, limit: Int, isPinned: Bool?) async throws -> BlobPage
    /// Where the blobs of a running fetch come from; nil if the node is not fetching it.
    func fetch(of id: BlobID) -> FetchInfo?
    /// Fetches what is missing and keeps all of it until the account unpins it; durable on return.
    /// - Parameter asFolders: Each blob is a manifest, whose blobs are fetched and kept with it.
    func pin(_ ids: [BlobID], asFolders: Bool, by account: AccountID) async throws -> PinReport
    func unpin(_ ids: [BlobID], by account: AccountID) async throws -> PinReport
    /// Removes what nobody protects and nobody used for a while.
    func collect(_ request: CollectionRequest) async throws -> CollectionInfo
    /// Reads and checks the named blobs, or a bounded number behind `after`.
    func verify(_ ids: [BlobID], after: BlobID?, repair: Bool) async throws -> VerificationInfo

    /// Images of machines that this node keeps, the newest first.
    func images() async throws -> ImageList
    /// Keeps an image, and fetches what is missing of it; durable on return.
    func addImage(_ request: ImageRequest) async throws -> ImageInfo
    /// Lets go of images that no release needs.
    func pruneImages(_ request: ImagePruneRequest) async throws -> ImagePruneReport

    /// What an app's functions wrote on this node and how their requests ended; waits up to `wait` while there is
    /// nothing behind `after`. Only for the name's owner.
    func functionLogs(
        of name: String, by account: AccountID, after sequence: UInt64, limit: Int, wait: Duration
    ) async throws -> FunctionLogPage

    /// Runs and records an invocation. Only for the name's owner.
    func record(_ request: InvocationRequest, of name: String, by account: AccountID) async throws -> RecordingAnswer
    /// Runs a recording again; `file` is what somebody sent.
    func replay(_ file: [UInt8]) async throws -> ReplayAnswer
    /// The receipt of an invocation on this node.
    func receipt(_ id: String) async throws -> ReceiptAnswer
    /// Apps' values, for their owners.
    var keyValues: any ControlKeyValues { get }
    /// Who serves an app, with sealing keys and the lists of secrets that are there. Only for the name's owner.
    func secrets(of name: String, by account: AccountID) async throws -> SecretsReport
    /// Hands an app's new list of secrets to the nodes that serve it. Only for the name's owner.
    func changeSecrets(of name: String, by account: AccountID, _ update: SecretsUpdate) async throws -> SecretsReceipt
    /// Hands a signed roll-back to the nodes that serve an app, which carry it out if the app's newest promotion turns out
    /// bad. Only for the name's owner.
    func keepRollback(_ order: ByteBuffer, of name: String, by account: AccountID) async throws -> RollbackReceipt
    /// The last roll-back of an app that the nodes that serve it carried out by themselves.
    func automaticRollback(of name: String) async throws -> RollbackReport

    /// All machines that the node knows of.
    func machineList() async -> MachineList
    /// Carries out what an app's owner asks of a machine, here or on the machine's node: a signed `MachineOrder`.
    func orderMachine(_ order: ByteBuffer) async throws -> MachineOrderAnswer

    /// Carries an order to purge out on all living nodes: `PurgeOrder` in bytes, which the app's owner signed.
    func purgeCache(_ order: [UInt8]) async throws -> PurgeReceipt
    /// What the nodes' caches did for an app. Only for the name's owner.
    func cacheStatistics(of name: String, by account: AccountID) async throws -> CacheStatistics
    /// What the nodes store of a URL of an app. Only for the name's owner.
    func cacheInspection(of name: String, url: String, by account: AccountID) async throws -> CacheInspection
    /// A custom domain as this node sees it, bound or not.
    func domain(_ name: String) async throws -> DomainReport

    /// What the node asks for a unit.
    func prices() -> PriceList
    /// Settles what clients acknowledged; returns when it is on the ledger, or was tried. Only for the node's operator.
    func settle(by account: AccountID) async throws -> EarningsInfo

    /// The ledger, for reading.
    var ledger: any ControlLedger { get }
    func names() async throws -> NameList
    func name(_ name: String) async throws -> NameInfo
    /// Hands a signed transaction to the ledger and waits until the reachable nodes have applied it.
    func submit(_ transaction: ByteBuffer) async throws -> TransactionReceipt
    /// Which replicas hold a release; waits up to `waitMillis` for more of them.
    func readiness(name: String, release: String, waitMillis: Int) async throws -> ReadinessReport
}

/// A stored blob that is being read.
public protocol ControlBlob: Sendable {
    var byteCount: Int { get }
    var blockCount: Int { get }
    /// A block's bytes, verified.
    func block(_ index: Int) async throws -> ByteBuffer
}

/// A blob that is being uploaded.
public protocol ControlUpload: Sendable {
    func write(_ bytes: ByteBuffer) async throws
    /// When this returns, the blob is durable.
    func finish() async throws -> BlobInfo
    /// Forgets what was written.
    func cancel()
}
