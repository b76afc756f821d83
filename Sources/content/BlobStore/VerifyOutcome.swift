/// What verifying a blob found.
public enum VerifyOutcome: Hashable, Sendable {
    /// All bytes are as they were stored.
    case whole(byteCount: Int)
    /// They were not, or the disk cannot read them; the blob was dropped and its file moved to `corrupt/`.
    case damaged(reason: String)
    /// The blob is not stored, or was removed meanwhile.
    case absent
}
