import AsyncHTTPClient
public import ControlModel
public import Foundation
public import Identity
public import Ledger
import NIOCore
import Placement

/// Reads a network's ledger through its nodes, and changes it.
///
/// What it reads is what a node says; ``LedgerVerifier`` proves it. If a node does not answer or cannot at the moment,
/// the next one is asked.
public struct LedgerClient: Sendable {
    /// How patient the client is.
    public struct Settings: Sendable {
        /// How long a transaction is handed in again while no node can carry it out, for example while another
        /// sequencer takes over. Default 30 s; more where elections take longer.
        public var submitTimeout = Duration.seconds(30)
        /// The pause before it is handed in again. Default 250 ms.
        public var retryPause = Duration.milliseconds(250)
        /// After so long ``NodeClient/onWait`` is told what a submission waits for. Default 4 s: a node gives the
        /// others 3 s to apply an entry before it answers.
        public var noticeDelay = Duration.seconds(4)

        /// The defaults.
        public init() {}
    }

    /// Entries that ``entries(from:limit:wait:)`` asks for at most.
    public static let maxPageEntries = 256
    /// Bytes of such an answer at most: a node sends no further entry once it has sent a mebibyte.
    static let maxPageBytes = (2 << 20) + Entry.maxByteCount

    /// Bytes of a proof with a page of hand-overs at most.
    static let maxProofAnswerBytes = 64 * (Handover.maxByteCount + ByteFrames.headerByteCount) + (2 << 20)

    /// The network that every node must be of; nil trusts the nodes in that.
    public let network: NetworkID?
    let settings: Settings
    let nodes: [NodeClient]

    /// - Parameters:
    ///   - others: Nodes to ask if `node` fails.
    ///   - network: Of another network nothing is read or signed.
    public init(
        _ node: NodeClient, others: [NodeClient] = [], network: NetworkID? = nil, settings: Settings = Settings()
    ) {
        nodes = [node] + others
        self.network = network
        self.settings = settings
    }

    // MARK: Reading

    /// Where the ledger is.
    ///
    /// - Throws: ``ClientError`` `.wrongNetwork` if the node is of another network than ``network``.
    public func head() async throws -> LedgerHeadInfo {
        let head: LedgerHeadInfo = try await get("/api/v1/ledger/head")
        if let network, head.network != network.description {
            throw LedgerClient.wrongNetwork(network, found: head.network)
        }
        return head
    }

    /// What the network starts from.
    ///
    /// - Throws: ``ClientError`` `.wrongNetwork` if it is not the genesis that ``network`` names.
    public func genesis() async throws -> Genesis {
        let bytes = try await ask { try await $0.bytes("/api/v1/ledger/genesis", limit: Genesis.maxByteCount) }
        let genesis = try Genesis(decoding: bytes)
        if let network, genesis.networkID != network {
            throw LedgerClient.wrongNetwork(network, found: genesis.networkID.description)
        }
        return genesis
    }

    /// An entry, decoded by the node.
    ///
    /// - Returns: Nil past the head.
    public func entry(_ sequence: UInt64) async throws -> EntryInfo? {
        try await optional("/api/v1/ledger/entries/\(sequence)")
    }

    /// A transaction that an entry holds, or what the node knows of its refusal.
    ///
    /// - Returns: Nil if no entry that the node keeps holds it, and the node keeps no refusal of it.
    public func transaction(_ id: TransactionID) async throws -> TransactionInfo? {
        try await optional("/api/v1/ledger/transactions/\(id)")
    }

    /// Entries as they were signed, in ascending order from `sequence` on; empty past the head.
    ///
    /// - Parameters:
    ///   - limit: Entries at most; ``maxPageEntries`` and a mebibyte bound it too.
    ///   - wait: How long the node holds the answer if there is none yet, at most 30 s.
    /// - Throws: `ControlFailure` with status 410 if the node's log begins behind `sequence`.
    public func entries(
        from sequence: UInt64, limit: Int = maxPageEntries, wait: Duration = .zero
    ) async throws -> [Data] {
        let limit = min(max(limit, 1), LedgerClient.maxPageEntries)
        let millis = Int64(wait / .milliseconds(1))
        let path = "/api/v1/ledger/entries?from=\(sequence)&limit=\(limit)&wait=\(millis)"
        return try await frames(
            path, limit: LedgerClient.maxPageBytes, maxFrameBytes: Entry.maxByteCount, wait: wait)
    }

    /// All entries from `sequence` on, as they come.
    public func stream(from sequence: UInt64) -> EntryStream { EntryStream(client: self, first: max(sequence, 1)) }

    /// Where the node's log begins; nil if that is the genesis.
    public func base() async throws -> LedgerBaseInfo? { try await optional("/api/v1/ledger/base") }

    /// The present epoch.
    public func epoch() async throws -> EpochInfo { try await get("/api/v1/epochs") }

    /// What holds for everyone on the network.
    public func parameters() async throws -> ParameterList { try await get("/api/v1/parameters") }

    /// All nodes in order of their ids.
    public func nodes() async throws -> [LedgerNodeInfo] {
        var nodes: [LedgerNodeInfo] = []
        var after: String?
        repeat {
            let query = after.map { "?after=\($0)" } ?? ""
            let page: LedgerNodeList = try await get("/api/v1/nodes" + query)
            nodes += page.nodes
            if let next = page.next, let last = after, next <= last { break }
            after = page.next
        } while after != nil
        return nodes
    }

    /// - Returns: Nil if no such node is registered.
    public func node(_ id: NodeID) async throws -> LedgerNodeInfo? { try await optional("/api/v1/nodes/\(id)") }

    /// The nodes that serve an app and run its functions, in order of preference.
    public func servingNodes(of app: AppName) async throws -> [NodeID] {
        let participants = try await self.nodes().filter(\.participating).compactMap { NodeID($0.id) }
        let list = try await self.parameters().parameters
        guard let replicas = list.first(where: { $0.name == "replicas" })?.value else {
            throw ClientError(.badAnswer, "The node does not say how many replicas apps have; update it")
        }
        return Rendezvous.replicas(participants, for: app.description, count: Int(clamping: replicas))
    }

    public func account(_ id: AccountID) async throws -> AccountInfo { try await get("/api/v1/accounts/\(id)") }

    /// The nonce of the signer's last applied transaction; 0 for one that the ledger does not know.
    public func nonce(of signer: Signer) async throws -> UInt64 {
        switch signer {
        case .account(let id): try await account(id).nonce
        case .node(let id): try await node(id)?.nonce ?? 0
        }
    }

    // MARK: Proofs

    /// All that is needed to verify a row of the ledger, or that there is none, from the genesis id alone: the bytes of
    /// a `ProofBundle`, for a file. They are not verified here; ``LedgerVerifier/bundle(of:)`` does that too.
    ///
    /// - Throws: ``ClientError`` `.notCertified` if no node has a certified state.
    public func proofBundle(_ key: ProofKey) async throws -> Data {
        try await ask { node in
            try await explainingUncertified {
                try await node.bytes("/api/v1/proofs/\(key.apiPath)", limit: ProofBundle.maxByteCount)
            }
        }
    }

    /// A certificate, a row's proof in the state that it is about, and hand-overs to later committees than that of
    /// `epoch`. Nothing is verified.
    func proof(
        of key: ProofKey, after epoch: UInt64
    ) async throws -> (certificate: Certificate, proof: StateProof, handovers: [Handover]) {
        let frames: [Data] = try await explainingUncertified {
            try await self.frames(
                "/api/v1/proofs/\(key.apiPath)?after=\(epoch)", limit: LedgerClient.maxProofAnswerBytes,
                maxFrameBytes: StateProof.maxByteCount)
        }
        guard frames.count >= 2 else {
            throw ClientError(.badAnswer, "The node's answer has no proof; update the older side")
        }
        return (
            try Certificate(decoding: frames[0]), try StateProof(decoding: frames[1]),
            try frames[2...].map { try Handover(decoding: $0) }
        )
    }

    /// Hand-overs to later committees than that of `epoch`, oldest first: a page of them. Nothing is verified.
    func handovers(after epoch: UInt64) async throws -> [Handover] {
        try await frames(
            "/api/v1/ledger/handovers?after=\(epoch)", limit: LedgerClient.maxProofAnswerBytes,
            maxFrameBytes: Handover.maxByteCount
        ).map { try Handover(decoding: $0) }
    }

    /// A blob's bytes as they arrive, unverified.
    ///
    /// - Parameter restart: Called before the first byte: of each node, if one breaks off and the next one is asked.
    func content(
        of id: BlobID, _ take: (Data) throws -> Void, restart: () throws -> Void
    ) async throws {
        try await ask { node in
            try restart()
            var body = try await node.stream("/api/v1/blobs/\(id)/content").makeAsyncIterator()
            while let bytes = try await node.next(&body) { try take(Data(bytes.readableBytesView)) }
        }
    }

    // MARK: Asking

    /// This client for each of its nodes alone.
    var apart: [LedgerClient] { nodes.map { LedgerClient($0, network: network, settings: settings) } }

    /// This client, bound to a network.
    func requiring(_ network: NetworkID) -> LedgerClient {
        LedgerClient(nodes[0], others: Array(nodes.dropFirst()), network: network, settings: settings)
    }

    func get<Answer: Decodable>(_ path: String) async throws -> Answer { try await ask { try await $0.get(path) } }

    /// Nil where the node answers that there is no such thing.
    func optional<Answer: Decodable>(_ path: String) async throws -> Answer? {
        do {
            return try await get(path)
        } catch let failure as ControlFailure where failure.status == 404 {
            return nil
        }
    }

    func frames(
        _ path: String, limit: Int, maxFrameBytes: Int, wait: Duration = .zero
    ) async throws -> [Data] {
        try await ask { node in
            let bytes = try await node.bytes(path, limit: limit, wait: wait)
            guard let frames = ByteFrames.decode(bytes, maxFrameBytes: maxFrameBytes) else {
                throw ClientError(.cutShort, "\(node.control) sent a list that ends in the middle; ask another node")
            }
            return frames
        }
    }

    /// Asks one node after the other until one does not fail.
    func ask<Answer>(_ question: (NodeClient) async throws -> Answer) async throws -> Answer {
        var failure: any Error = ClientError(.unreachable, "No node is given")
        for node in nodes {
            do {
                return try await question(node)
            } catch let error where LedgerClient.isPassing(error) {
                failure = error
            }
        }
        throw failure
    }

    func explainingUncertified<Answer>(_ question: () async throws -> Answer) async throws -> Answer {
        do {
            return try await question()
        } catch let failure as ControlFailure where failure.code == ControlFailure.notCertifiedCode {
            throw ClientError(.notCertified, failure.message)
        }
    }

    /// Whether another node, or the same one later, may answer where this one failed.
    static func isPassing(_ error: any Error) -> Bool {
        switch error {
        case let error as ClientError: passingCodes.contains(error.code)
        case let failure as ControlFailure: failure.status == 503
        default: false
        }
    }

    private static let passingCodes: Set<ClientError.Code> = [.unreachable, .cutShort, .notCertified]

    static func wrongNetwork(_ network: NetworkID, found: String) -> ClientError {
        ClientError(
            .wrongNetwork,
            "The node is of network \(found.prefix(64)), not of \(network); check its address and the genesis id")
    }
}
