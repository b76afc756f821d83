import Certificates
import ControlAPI
import ControlModel
import Foundation
import Ledger
import LedgerLog

/// Custom domains as this node sees them.
extension NodeControl {
    func domain(_ name: String) async throws -> DomainReport {
        let domain: DomainName
        do { domain = try DomainName(checking: name) } catch {
            throw ControlFailure(status: 400, code: error.code.description, message: error.message)
        }
        let state = keeper.state
        var report = DomainReport(domain: domain.description, zone: domains.zone)
        guard let record = state.domain(domain) else { return report }
        report.app = record.name.description
        if let entry = await domains.entry(domain.description) {
            report.provedAt = entry.provedAt
            report.problem = entry.problem
        }
        report.isServed = domains.served[domain.description] == record.name.description
        if let status = await certificates.keeper.statuses().first(where: { $0.domain == domain.description }) {
            report.certificate = DomainReport.Certificate(
                notAfter: status.notAfter, problem: status.problem, nextAttempt: status.nextAttempt)
        } else if certificates.mayBorrow(domain.description) {
            report.certificate = await borrowed(domain.description)
        }
        return report
    }

    /// Of a domain whose app other nodes serve: asks them for the chain, as for a visitor, if it is not here yet.
    private func borrowed(_ domain: String) async -> DomainReport.Certificate {
        if certificates.book.borrowed(domain) == nil { await certificates.borrowed.get(domain)?.value }
        guard let chain = certificates.book.borrowed(domain) else {
            return DomainReport.Certificate(
                problem: "no node that serves the app has one, or none answers", isBorrowed: true)
        }
        return DomainReport.Certificate(notAfter: chain.notAfter, isBorrowed: true)
    }
}
