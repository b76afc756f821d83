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
    /// Those of `ids` that the node lacks.
    func missing(_ ids: [BlobID]) async throws -> [BlobID]
    /// Begins to store a blob; `expecting` is its id when the sender knows it, `byteCount` its size.
    func upload(expecting: BlobID?, byteCount: Int?) async throws -> any ControlUpload
    /// The largest blob that the node takes, in bytes.
    var maxBlobBytes: Int { get }

    func account(_ id: AccountID) async throws -> AccountInfo
    func names() async throws -> NameList
    func name(_ name: String) async throws -> NameInfo
    /// Hands a signed transaction to the ledger and waits until the reachable nodes have applied it.
    func submit(_ transaction: ByteBuffer) async throws -> TransactionReceipt
    /// Which replicas hold a release; waits up to `waitMillis` for more of them.
    func readiness(name: String, release: String, waitMillis: Int) async throws -> ReadinessReport
}

/// A blob that is being uploaded.
public protocol ControlUpload: Sendable {
    func write(_ bytes: ByteBuffer) async throws
    /// When this returns, the blob is durable.
    func finish() async throws -> BlobInfo
    /// Forgets what was written.
    func cancel()
}
