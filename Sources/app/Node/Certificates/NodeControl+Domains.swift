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
        } else if let chain = certificates.book.borrowed(domain.description) {
            report.certificate = DomainReport.Certificate(notAfter: chain.notAfter, isBorrowed: true)
        }
        return report
    }
}
