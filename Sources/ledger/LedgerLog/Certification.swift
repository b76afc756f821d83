import Ledger

/// What the certificates on the ledger brought about in one entry.
struct Certification: Sendable {
    /// The newest certificate that the entry recorded.
    private(set) var certificate: Certificate?
    /// The handover that one of them made effective.
    private(set) var handover: Handover?

    /// - Parameter transactions: The entry's, each with what became of it; nil for bytes that are none.
    init(
        _ transactions: some Sequence<(SignedTransaction?, Outcome)>, from before: LedgerState, to after: LedgerState
    ) {
        for (transaction, outcome) in transactions {
            guard outcome.isApplied, case .recordCertificate(let certificate)? = transaction?.action else { continue }
            self.certificate = certificate
            let checkpoint = certificate.checkpoint
            guard checkpoint.committee == before.epoch.committee.hash, before.epoch.committee != after.epoch.committee,
                checkpoint.nextCommittee == after.epoch.committee.hash
            else { continue }
            handover = Handover(certificate: certificate, nextCommittee: after.epoch.committee)
        }
    }
}
