public import Ledger

/// The host under which one release of an app is served, whichever is live: `<release>--<name>` as one DNS label. No
/// app's name has two hyphens in a row, so such a host is never an app's own.
public struct PreviewHost: Hashable, Sendable, LosslessStringConvertible {
    /// The longest DNS label in bytes (RFC 1035, section 2.3.4).
    private static let maxLabelBytes = 63
    private static let separator = "--"

    public let release: ReleaseID
    public let name: AppName

    /// Nil if the name is so long that there is no room for the release: above 51 characters.
    public init?(_ release: ReleaseID, of name: AppName) {
        self.release = release
        self.name = name
        guard description.utf8.count <= PreviewHost.maxLabelBytes else { return nil }
    }

    /// Reads a label; nil for any other.
    public init?(_ label: String) {
        guard label.utf8.count <= PreviewHost.maxLabelBytes,
            let release = ReleaseID(String(label.prefix(ReleaseID.characterCount))),
            label.dropFirst(ReleaseID.characterCount).hasPrefix(PreviewHost.separator),
            let name = AppName(
                String(label.dropFirst(ReleaseID.characterCount + PreviewHost.separator.utf8.count)))
        else { return nil }
        self.release = release
        self.name = name
    }

    /// The label.
    public var description: String { "\(release)\(PreviewHost.separator)\(name)" }
}
