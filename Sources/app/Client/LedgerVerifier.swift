import Blake3
public import ControlModel
public import Foundation
public import Identity
public import Ledger

/// Reads rows of a ledger and trusts nothing but the id of its genesis.
///
/// The genesis must have that id; each committee must have been handed its office by the one before; the newest
/// committee must have signed the state; and the row must be proved to be in that state. A node can still withhold the
/// newest state: ``Settings/maxAge`` bounds by how much, and what was proved once is not taken back.
public actor LedgerVerifier {
    /// How strict the verifier is.
    public struct Settings: Sendable {
        /// How old the signed state may be. Default a day: a state is signed at least once an epoch, so a network with
        /// longer epochs needs more. Nil accepts any age.
        public var maxAge: Duration? = .seconds(86_400)
        /// By how much a state may be of the future, since clocks differ. Default 5 minutes.
        public var maxClockDifference = Duration.seconds(300)
        /// A file that remembers the committee that was reached, so that later verifications begin there, and the
        /// newest state that was proved. It is as trusted as this program. Nil remembers nothing.
        public var cachePath: String?

        /// The defaults.
        public init() {}
    }

    private let client: LedgerClient
    private let network: NetworkID
    private let settings: Settings
    private let now: @Sendable () -> Int64
    private var trail: CommitteeTrail?

    /// - Parameters:
    ///   - network: The id of the genesis, from somebody whom you trust.
    ///   - now: The wall clock in milliseconds since 1970.
    public init(
        client: LedgerClient, network: NetworkID, settings: Settings = Settings(),
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        self.client = client.requiring(network)
        self.network = network
        self.settings = settings
        self.now = now
    }

    // MARK: Rows

    /// An account: its balance and nonce.
    ///
    /// Every node of the client is asked in turn until one gives what verifies; the last failure is thrown.
    ///
    /// - Throws: ``ClientError`` `.wrongNetwork`, `.notCertified`, `.stale`, `.wentBack`, `.forked`, `.cutShort` or
    ///   `.unreachable`; `LedgerError` `.badProof`, `.badCertificate` or another code of what does not verify.
    public func account(_ id: AccountID) async throws -> Verified<AccountRecord> {
        try await prove(.account(id)) { proof, root throws(LedgerError) in try proof.account(id, root: root) }
    }

    /// A node: its stake, endpoints and participation. Throws as ``account(_:)``.
    public func node(_ id: NodeID) async throws -> Verified<NodeRecord> {
        try await prove(.node(id)) { proof, root throws(LedgerError) in try proof.node(id, root: root) }
    }

    /// A name: its owner and its live release. Throws as ``account(_:)``.
    public func name(_ name: AppName) async throws -> Verified<NameRecord> {
        try await prove(.name(name)) { proof, root throws(LedgerError) in try proof.name(name, root: root) }
    }

    /// A release: its manifest. Throws as ``account(_:)``.
    public func release(_ id: ReleaseID, of name: AppName) async throws -> Verified<ReleaseRecord> {
        try await prove(.release(id, of: name)) { proof, root throws(LedgerError) in
            try proof.release(id, of: name, root: root)
        }
    }

    /// A domain: the name that it is bound to. Throws as ``account(_:)``.
    public func domain(_ domain: DomainName) async throws -> Verified<DomainRecord> {
        try await prove(.domain(domain)) { proof, root throws(LedgerError) in try proof.domain(domain, root: root) }
    }

    /// A channel. Throws as ``account(_:)``.
    public func channel(_ id: ChannelID) async throws -> Verified<ChannelRecord> {
        try await prove(.channel(id)) { proof, root throws(LedgerError) in try proof.channel(id, root: root) }
    }

    /// Any row. Throws as ``account(_:)``.
    public func row(_ key: ProofKey) async throws -> Verified<ProvenRow> {
        try await prove(key) { proof, root throws(LedgerError) in try ProvenRow(key, proof, root) }
    }

    // MARK: Files

    /// Fetches a self-contained proof of a row, the bytes of a `ProofBundle`, and verifies it. Its age is for the caller
    /// to judge.
    ///
    /// Every node of the client is asked in turn until one gives what verifies; the last failure is thrown.
    ///
    /// - Throws: ``ClientError`` `.notCertified`, `.cutShort` or `.unreachable`; `LedgerError` with the code of what does
    ///   not verify.
    public func bundle(of key: ProofKey) async throws -> (bytes: Data, verified: Verified<ProvenRow>) {
        try await asking { node in
            let bytes = try await node.proofBundle(key)
            return (bytes, try verify(bundle: bytes, of: key))
        }
    }

    /// Checks that the bytes of a self-contained proof prove this row, as ``bundle(of:)`` gives them, without asking
    /// anybody. Its age is for the caller to judge.
    ///
    /// - Throws: `LedgerError` with the code of what does not verify.
    public nonisolated func verify(bundle bytes: Data, of key: ProofKey) throws -> Verified<ProvenRow> {
        let bundle = try ProofBundle(decoding: bytes)
        let checkpoint = try bundle.verify(network: network)
        return Verified(
            value: try ProvenRow(key, bundle.proof, checkpoint.stateRoot), checkpoint: checkpoint,
            timeMilliseconds: bundle.proof.timeMilliseconds, signatures: bundle.certificate.votes.count)
    }

    // MARK: Proving

    private typealias Reading<Row> = @Sendable (StateProof, Digest) throws(LedgerError) -> Row?

    private func prove<Row: Sendable>(_ key: ProofKey, _ read: Reading<Row>) async throws -> Verified<Row> {
        try await asking { try await prove(key, by: $0, read) }
    }

    /// Puts a question to one node after the other until an answer is good: also those are passed over that lie.
    private func asking<Answer>(_ question: (LedgerClient) async throws -> Answer) async throws -> Answer {
        var failure: any Error = ClientError(.unreachable, "No node is given")
        for node in client.apart {
            do {
                return try await question(node)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func prove<Row: Sendable>(
        _ key: ProofKey, by node: LedgerClient, _ read: Reading<Row>
    ) async throws -> Verified<Row> {
        var trail = try await start(node)
        var answer = try await node.proof(of: key, after: trail.light.epoch)
        try trail.checkAge(answer.certificate.checkpoint)
        // Each answer leads on by a page of hand-overs; the last of them changes nothing.
        while try !trail.follow(answer.handovers, to: answer.certificate).isEmpty,
            trail.light.committee.hash != answer.certificate.checkpoint.committee
        {
            answer = try await node.proof(of: key, after: trail.light.epoch)
        }
        let checkpoint = try trail.believe(answer.certificate)
        let proof = answer.proof
        let row = try read(proof, checkpoint.stateRoot)
        try checkFreshness(proof.timeMilliseconds)
        try remember(trail)
        return Verified(
            value: row, checkpoint: checkpoint, timeMilliseconds: proof.timeMilliseconds,
            signatures: answer.certificate.votes.count)
    }

    private func start(_ node: LedgerClient) async throws -> CommitteeTrail {
        if let trail { return trail }
        if let path = settings.cachePath, let cached = try CommitteeTrail(cachedAt: path, network: network) {
            return cached
        }
        return CommitteeTrail(genesis: try await node.genesis())
    }

    /// Another call may have come further meanwhile.
    private func remember(_ trail: CommitteeTrail) throws {
        let known = self.trail?.newest?.sequence ?? 0
        guard let reached = trail.newest?.sequence, self.trail == nil || reached > known else { return }
        self.trail = trail
        if let path = settings.cachePath { try trail.save(to: path) }
    }

    /// The time is a part of the state root, so it is as proved as the row.
    private func checkFreshness(_ timeMilliseconds: Int64) throws {
        let (age, overflow) = now().subtractingReportingOverflow(timeMilliseconds)
        guard !overflow, age >= -Int64(settings.maxClockDifference / .milliseconds(1)) else {
            throw ClientError(.stale, "The signed state is of the future; check this machine's clock")
        }
        guard let maxAge = settings.maxAge, Double(age) > maxAge / .milliseconds(1) else { return }
        throw ClientError(
            .stale,
            "The newest signed state that the node shows is \(age / 1_000) s old, more than \(maxAge); ask another node, "
                + "or allow a greater age where the network's epochs are longer")
    }
}
