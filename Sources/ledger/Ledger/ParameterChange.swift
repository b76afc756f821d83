public import Blake3

/// What a governor changes.
public enum ParameterChange: Hashable, Sendable {
    /// A number, by its name in ``NetworkParameters``' encoding such as `epoch_ms`; switches are 0 or 1, and the door
    /// is 1 (open), 2 (allowlist) or 3 (attested).
    case value(name: String, UInt64)
    /// Whether the account or node of this id may come in by the allowlist.
    case member(Digest, isAllowed: Bool)
}
