/// What a transaction did.
public enum Outcome: Sendable, Hashable {
    /// The state changed. `release` is the id that a PublishRelease made.
    case applied(release: ReleaseID?)
    /// The state is as before, the signer's nonce included.
    case refused(LedgerError)

    /// Whether the state changed.
    public var isApplied: Bool {
        if case .applied = self { true } else { false }
    }

    /// Why the transaction was refused, if it was.
    public var refusal: LedgerError? {
        if case .refused(let error) = self { error } else { nil }
    }
}
