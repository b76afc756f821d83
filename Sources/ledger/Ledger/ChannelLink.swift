public import Blake3

/// How the links of a channel's chain follow from each other.
public enum ChannelLink {
    /// A link is the keyed BLAKE3 hash of the one behind it.
    public static let blake3: UInt8 = 1

    /// The link in front of `link`; nil for a function that this version does not know.
    public static func next(_ link: Digest, function: UInt8 = blake3) -> Digest? {
        function == blake3 ? link.withUnsafeBytes { LedgerHash.channelLink($0) } : nil
    }
}
