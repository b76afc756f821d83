/// A file or folder of IPFS, by what its blocks hash to.
public struct IPFSLocation: Hashable, Sendable {
    /// The CID of the file or folder, as text.
    public var cid: String
    /// URLs of trustless gateways, in the order in which they are tried. They may be wrong, but they cannot lie.
    public var gateways: [String]
    /// The path inside the CID at which the content begins, without slashes around it. Default empty.
    public var path = ""

    /// A CID and where its blocks can be had.
    public init(cid: String, gateways: [String]) {
        self.cid = cid
        self.gateways = gateways
    }
}
