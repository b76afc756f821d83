import Certificates
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Peering
import Secrets
import SwiftProtobuf
import Wire

/// A node's certificates: those of domains, kept by ``CertificateKeeper``, and those of its own names.
final class NodeCertificates: Sendable {
    let keeper: CertificateKeeper
    let book: CertificateBook
    let borrowed: BorrowedCertificates
    private let fleet: NodeFleet
    private let ledger: LedgerKeeper
    private let transport: HTTPTransport?

    /// How often certificates of domains that are bound no more are removed.
    private static let sweepInterval = Duration.seconds(3_600)

    /// - Parameters:
    ///   - options: Nil for a node without TLS, which only answers challenges for others.
    ///   - folder: For certificates, encrypted.
    /// - Throws: ``CertificateError`` if the folder, the account's key or the operator's certificates are of no use.
    init(
        options: TLSOptions?, folder: String, key: SigningKey, fleet: NodeFleet, group: any EventLoopGroup,
        settings: RenewalPlan.Settings, logger: Logger
    ) throws {
        self.fleet = fleet
        book = fleet.book
        borrowed = BorrowedCertificates(fleet)
        ledger = fleet.keeper
        let vault = try CertificateVault(path: folder, nodeKey: key)
        var issuer: CertificateAuthority?
        var transport: HTTPTransport?
        if let authority = options?.authority {
            if let roots = authority.roots, !FileManager.default.isReadableFile(atPath: roots) {
                throw CertificateError(.badSettings, "The roots of the certificate authority, \(roots), cannot be read")
            }
            let accountKey = try vault.accountKey()
            let http = HTTPTransport(roots: authority.roots, group: group)
            transport = http
            issuer = CertificateAuthority(
                directory: authority.directory, key: accountKey, contact: authority.contact,
                agreesToTerms: authority.agreesToTerms,
                challenges: authority.challenges ?? CertificateAuthority.Challenge.allCases,
                transport: http, publisher: fleet)
        }
        self.transport = transport
        keeper = CertificateKeeper(
            vault: vault, book: book, fleet: fleet, issuer: issuer, settings: settings, logger: logger)
        if let options { try book.setFallback(try NodeCertificates.own(options)) }
        let (keeper, borrowed) = (keeper, borrowed)
        book.onMissing { [fleet] name in
            // Any name may be asked for: only one that is bound is worth a look.
            guard fleet.watch.served[name] != nil else { return }
            keeper.miss()
            borrowed.get(name)
        }
        fleet.watch.onChange {
            keeper.nudge()
            borrowed.prune()
        }
    }

    private static func own(_ options: TLSOptions) throws -> [CertificateMaterial] {
        let given = try (options.certificates ?? []).map { files in
            do {
                return try CertificateMaterial(
                    chainPEM: String(contentsOfFile: files.chain, encoding: .utf8),
                    keyPEM: String(contentsOfFile: files.key, encoding: .utf8))
            } catch {
                throw CertificateError(
                    .badSettings, "The certificate \(files.chain) with the key \(files.key) cannot be used: \(error)")
            }
        }
        guard let names = options.names, !names.isEmpty else { return given }
        return given + [try CertificateMaterial.selfSigned(for: names)]
    }

    /// Works until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keeper.run() }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: BorrowedCertificates.refreshInterval)
                    await self.borrowed.refresh()
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: NodeCertificates.sweepInterval)
                    if Task.isCancelled { return }
                    await self.keeper.forget(except: Set(self.ledger.state.domains.map(\.domain.description)))
                }
            }
        }
    }

    func close() async { await transport?.close() }

    /// Whether other nodes have a domain's key, and this one shows their chain only.
    func mayBorrow(_ domain: String) -> Bool { fleet.mayBorrow(domain) }

    // MARK: Other nodes

    /// Answers requests about certificates; nil for all others.
    func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        switch request.type {
        case .readCertificate, .storeCertificate, .setChallenge, .signHandshake:
            eventLoop.makeFutureWithTask { () async throws -> PeerReply in
                do { return try await self.answer(request) } catch let error as CertificateError {
                    throw PeerError(.init(error.code.description), error.message)
                } catch let error as SecretsError {
                    throw PeerError(.init(error.code.description), error.message)
                }
            }
        default: nil
        }
    }

    private func answer(_ request: PeerRequest) async throws -> PeerReply {
        switch request.type {
        case .readCertificate:
            let question: PeerPBReadCertificate = try request.message()
            return try PeerReply(.certificate, try await sealed(question, for: request.peer))
        case .storeCertificate:
            let message: PeerPBSealedCertificate = try request.message()
            try requireHolder(request.peer, message.domain)
            _ = try await keeper.take(try fleet.open(message.sealed, message.domain), for: message.domain)
            return try PeerReply(.certificateStored, PeerPBCertificateDone())
        case .signHandshake: return try PeerReply(.handshakeSignature, try signature(try request.message()))
        default:
            try await set(try request.message(), by: request.peer)
            return try PeerReply(.challengeSet, PeerPBCertificateDone())
        }
    }

    private func sealed(_ question: PeerPBReadCertificate, for peer: NodeID) async throws -> PeerPBSealedCertificate {
        var reply = PeerPBSealedCertificate()
        reply.domain = question.domain
        if question.sealingKey.isEmpty {
            // Visitors are shown it as well.
            reply.chain = await keeper.material(for: question.domain)?.chainPEM ?? ""
            return reply
        }
        try requireHolder(peer, question.domain)
        guard let material = await keeper.material(for: question.domain) else { return reply }
        let statement = try SealingStatement(decoding: question.sealingKey, network: ledger.state.networkID)
        reply.sealed = try fleet.seal(material, question.domain, to: statement, of: peer)
        return reply
    }

    /// Any node that takes part may have its handshakes signed: its visitors come for the domain's app, as far as the
    /// DNS goes, and with a signature for each handshake it can do no more than while this node lets it.
    private func signature(_ question: PeerPBSignHandshake) throws -> PeerPBHandshakeSignature {
        try requireHolder(fleet.node, question.domain)
        let signature = try book.signature(
            of: question.content, algorithm: UInt16(clamping: question.algorithm), leaf: question.leaf,
            for: question.domain)
        return PeerPBHandshakeSignature.with { $0.signature = signature }
    }

    private func set(_ message: PeerPBChallenge, by peer: NodeID) async throws {
        // By the ledger alone: the authority may be here before this node has seen the domain's proof.
        guard fleet.boundHolders(message.domain).contains(peer) else {
            throw NodeCertificates.noHolder(peer, message.domain)
        }
        let answer = ChallengeAnswer(
            domain: message.domain, token: message.token, keyAuthorization: message.keyAuthorization)
        if message.isOver { book.withdraw(answer) } else { try book.publish(answer) }
    }

    /// Only nodes that may hold a domain's key have anything to say about it.
    private func requireHolder(_ peer: NodeID, _ domain: String) throws {
        guard fleet.holders(domain).contains(peer) else {
            throw NodeCertificates.noHolder(peer, domain)
        }
    }

    private static func noHolder(_ peer: NodeID, _ domain: String) -> CertificateError {
        CertificateError(
            .badCertificate, "Node \(peer.short) does not serve the app of \(domain.prefix(253)), as far as is known")
    }
}
