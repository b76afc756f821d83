import Blake3
public import ControlModel
import Foundation
public import Identity
public import Ledger
public import Secrets

/// The secrets of one account's apps, as their owner handles them: sealed here, so that the node that is talked to sees
/// none that it does not serve.
public struct SecretStore: Sendable {
    /// What an app has.
    public struct Listing: Sendable, Encodable {
        /// One secret.
        public struct Row: Sendable, Encodable {
            public let name: String
            /// The value's length.
            public let byteCount: Int
        }

        /// One of the nodes that serve the app.
        public struct Node: Sendable, Encodable {
            public let id: String
            /// The version of its list; nil if it has none or shows none of the owner's.
            public let version: UInt64?
            /// Whether it has the newest list and all values.
            public let isComplete: Bool
            /// Why it did not answer.
            public let problem: String?
        }

        /// The newest list's version; 0 if there never was one.
        public let version: UInt64
        public let secrets: [Row]
        public let nodes: [Node]
    }

    /// How long a network that just started may take to certify its first state.
    private static let certificationPatience = Duration.seconds(30)
    private static let pause = Duration.milliseconds(500)
    /// Nodes that must keep a change, where as many serve the app.
    private static let wantedCopies = 2
    /// How often a change is made anew because another one came first.
    private static let maxAttempts = 10
    private static let conflictPause = Duration.milliseconds(50)

    private let client: NodeClient
    private let ledger: LedgerClient
    private let verifier: LedgerVerifier
    private let network: NetworkID
    private let key: SigningKey

    /// - Parameters:
    ///   - client: The node that is asked; its key must be `key`.
    ///   - ledger: Where the proofs come from.
    ///   - network: The genesis that is trusted.
    ///   - key: The owner of the apps.
    public init(client: NodeClient, ledger: LedgerClient, network: NetworkID, key: SigningKey) {
        self.client = client
        self.ledger = ledger
        self.network = network
        self.key = key
        verifier = LedgerVerifier(client: ledger, network: network)
    }

    /// What an app has, without values: lists whose signature is this account's.
    public func list(_ app: AppName) async throws -> Listing {
        let report = try await client.secrets(of: app)
        let newest = newest(in: report, of: app)
        let nodes = report.nodes.map { node in
            let list = list(of: node, app)
            return Listing.Node(
                id: node.id, version: list?.version,
                isComplete: list != nil && list?.digest == newest?.digest && node.missing == 0, problem: node.problem)
        }
        return Listing(
            version: newest?.version ?? 0,
            secrets: newest?.entries.map { Listing.Row(name: $0.name, byteCount: $0.byteCount) } ?? [], nodes: nodes)
    }

    /// Gives a secret a value. When this returns, the value is durable on two nodes that serve the app, or on all if there
    /// are fewer; the others follow. Where another change of the app's secrets comes first, this one is made anew on top
    /// of it.
    ///
    /// - Throws: ``ClientError`` `.secretsNotStored` if too few nodes keep it; what ``LedgerVerifier`` throws if none of
    ///   them is proved to take part; `ControlFailure` of the node.
    public func put(_ secret: Secret, to app: AppName) async throws -> SecretsReceipt {
        try await changing { try await tryToPut(secret, to: app) }
    }

    /// Takes a secret away, durable as in ``put(_:to:)``.
    public func delete(_ name: String, of app: AppName) async throws -> SecretsReceipt {
        try await changing { try await tryToDelete(name, of: app) }
    }

    private func changing(_ change: () async throws -> SecretsReceipt) async throws -> SecretsReceipt {
        var attempts = 1
        while true {
            do { return try await change() } catch let failure as ControlFailure
                where failure.code == SecretsError.Code.stale.description && attempts < SecretStore.maxAttempts
            {
                // Two that meet again and again would be in step.
                try await Task.sleep(for: SecretStore.conflictPause * Double.random(in: 0...Double(attempts)))
                attempts += 1
            }
        }
    }

    private func tryToPut(_ secret: Secret, to app: AppName) async throws -> SecretsReceipt {
        let report = try await client.secrets(of: app)
        let newest = newest(in: report, of: app)
        let entries = (newest?.entries ?? []).filter { $0.name != secret.name } + [secret.entry]
        let list = try successor(newest, entries, of: app)
        let envelopes = try await recipients(report, app).map { recipient in
            SecretsUpdate.Envelope(
                node: recipient.node.description,
                values: try list.entries.map { entry in
                    try entry == secret.entry ? secret.sealed(of: app, network: network, to: recipient) : Data()
                })
        }
        return try await send(list, envelopes)
    }

    private func tryToDelete(_ name: String, of app: AppName) async throws -> SecretsReceipt {
        let report = try await client.secrets(of: app)
        guard let newest = newest(in: report, of: app), newest.entry(named: name) != nil else {
            throw ClientError(.badInput, "\(app) has no such secret; `skerry secrets list \(app)` shows all")
        }
        return try await send(try successor(newest, newest.entries.filter { $0.name != name }, of: app), [])
    }

    private func send(_ list: SecretList, _ envelopes: [SecretsUpdate.Envelope]) async throws -> SecretsReceipt {
        let receipt = try await client.changeSecrets(
            of: list.app, SecretsUpdate(list: list.encoded, envelopes: envelopes))
        let kept = receipt.nodes.count { $0.problem == nil }
        guard kept >= max(1, min(SecretStore.wantedCopies, receipt.nodes.count)) else {
            let problems = receipt.nodes.compactMap { node in node.problem.map { "\(node.id.prefix(8)): \($0)" } }
            throw ClientError(
                .secretsNotStored,
                "\(kept) of the \(receipt.nodes.count) nodes that serve \(list.app) keep the change; do it again. "
                    + problems.joined(separator: "; "))
        }
        return receipt
    }

    private func successor(
        _ newest: SecretList?, _ entries: [SecretList.Entry], of app: AppName
    ) throws -> SecretList {
        let (version, overflow) = (newest?.version ?? 0).addingReportingOverflow(1)
        guard !overflow else {
            throw ClientError(.badInput, "The secrets of \(app) cannot be changed any more: no version is left")
        }
        return try SecretList(signing: entries, of: app, network: network, version: version, key: key)
    }

    // MARK: Verifying

    private func list(of node: SecretsReport.Node, _ app: AppName) -> SecretList? {
        guard let bytes = node.list, let list = try? SecretList(decoding: bytes, network: network), list.app == app,
            list.owner == key.publicKey
        else { return nil }
        return list
    }

    private func newest(in report: SecretsReport, of app: AppName) -> SecretList? {
        report.nodes.compactMap { list(of: $0, app) }.reduce(nil) { newest, list in
            newest.map { list.isNewer(than: $0) ? list : $0 } ?? list
        }
    }

    /// The keys to seal to: those of nodes that a certified state lists as taking part, that serve the app by this
    /// client's own reckoning, and that signed the key.
    private func recipients(_ report: SecretsReport, _ app: AppName) async throws -> [SealingStatement] {
        let serving = Set(try await ledger.servingNodes(of: app))
        var recipients: [SealingStatement] = []
        var failure: (any Error)?
        for node in report.nodes {
            guard let id = NodeID(node.id), serving.contains(id), let bytes = node.sealingKey else { continue }
            do {
                let statement = try SealingStatement(decoding: bytes, network: network)
                guard statement.node == id else {
                    throw ClientError(
                        .badAnswer,
                        "Node \(id.short) has the sealing key of another node; tell its operator, and use another node with --node"
                    )
                }
                guard try await proved(id)?.isParticipating == true else {
                    throw ClientError(
                        .badAnswer,
                        "Node \(id.short) does not take part in the newest certified state; repeat the command in a minute"
                    )
                }
                recipients.append(statement)
            } catch {
                failure = failure ?? error
            }
        }
        guard !recipients.isEmpty else {
            throw failure
                ?? ClientError(
                    .secretsNotStored, "None of the nodes that serve \(app) answers; look at `skerry status`")
        }
        return recipients
    }

    private func proved(_ node: NodeID) async throws -> NodeRecord? {
        let deadline = ContinuousClock.now + SecretStore.certificationPatience
        while true {
            do { return try await verifier.node(node).value } catch let error as ClientError
                where error.code == .notCertified && ContinuousClock.now < deadline
            {
                try await Task.sleep(for: SecretStore.pause)
            }
        }
    }
}
