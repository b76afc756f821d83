import Blake3
import Certificates
import Foundation
import Identity
import Ledger
import LedgerLog
import NIOCore

/// Looks at the DNS before this node, as the ledger's sequencer, orders the binding of a domain.
///
/// The proof is not part of the ledger's rules, since the DNS says something else tomorrow: nobody who reads the ledger
/// later could check it. So it is not relied on either: each node looks for itself before it serves a domain
/// (``DomainWatch``). What the sequencer's look adds is that nobody can keep a domain from its holder by binding it first.
struct DomainGuard: Sendable {
    let keeper: LedgerKeeper
    let resolver: DNSResolver
    let zone: String?

    /// Refused: the DNS does not show that the domain is the account's.
    static let unproved = LedgerError.Code("ledger/domain-unproved")

    /// The proof that the owner of a name has to give.
    static func proof(of domain: DomainName, for app: AppName, zone: String?, _ state: LedgerState) -> DomainProof? {
        guard let owner = state.name(app)?.owner else { return nil }
        return DomainProof(
            domain: domain.description, app: app.description, account: owner, network: state.networkID.digest.bytes,
            zone: zone)
    }

    /// - Throws: ``LedgerError`` if the transaction binds a domain without proof. What the ledger refuses anyway is left
    ///   to it.
    func check(_ signed: SignedTransaction) async throws {
        guard case .bindDomain(let domain, to: .some(let app)) = signed.action else { return }
        let state = keeper.state
        // No question to the DNS for somebody who may not bind to this name.
        guard let record = state.name(app), record.owner == signed.publicKey.account,
            state.domain(domain)?.name != app,
            let proof = DomainGuard.proof(of: domain, for: app, zone: zone, state)
        else { return }
        switch await resolver.check(proof) {
        case .proved: return
        case .absent(let found):
            let alias = proof.target.map { ", or make \(domain) an alias (CNAME) of \($0)" } ?? ""
            throw LedgerError(
                DomainGuard.unproved,
                "The DNS does not show that \(domain) is yours: \(found). Set the TXT record \(proof.recordName) to "
                    + "\"\(proof.text)\"\(alias), and repeat the command")
        case .unknown(let problem):
            throw LedgerError(
                DomainGuard.unproved,
                "It cannot be seen whether \(domain) is yours: \(problem). Repeat the command later")
        }
    }
}
