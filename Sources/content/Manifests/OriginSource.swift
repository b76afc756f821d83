/// Where an origin's content comes from.
public enum OriginSource: Sendable, Hashable, CustomStringConvertible {
    /// A server that speaks HTTP.
    case server(OriginURL)
    /// A bucket of an object store that speaks S3's protocol.
    case bucket(Bucket)
    /// Files under a content identifier, from trustless gateways (verified block by block).
    case ipfs(IPFS)
    /// A directory of the node, by its absolute path. Only what the node's operator has opened is served.
    case directory(path: String)

    /// A bucket, and what opens it.
    public struct Bucket: Sendable, Hashable {
        /// Names of the app's secrets that hold the keys.
        public struct Keys: Sendable, Hashable {
            /// The secret with the access key's id.
            public var id: String
            /// The secret with the secret access key.
            public var key: String
            /// The secret with a session's token; nil for keys without one.
            public var session: String?

            /// Names are checked by ``OriginManifest/problem``.
            public init(id: String, key: String, session: String? = nil) {
                self.id = id
                self.key = key
                self.session = session
            }
        }

        /// The store's own address, without the bucket.
        public var endpoint: OriginURL
        /// What signatures say, such as `eu-central-1`.
        public var region: String
        /// The bucket's name.
        public var name: String
        /// Before every key, without a slash at either end; may be empty.
        public var prefix: String
        /// Whether the bucket stands in the path instead of before the host's name.
        public var isPathStyle: Bool
        /// Nil for a bucket that all may read.
        public var keys: Keys?

        /// Nothing is checked here; ``OriginManifest/problem`` does.
        public init(
            endpoint: OriginURL, region: String, name: String, prefix: String = "", isPathStyle: Bool = false,
            keys: Keys? = nil
        ) {
            self.endpoint = endpoint
            self.region = region
            self.name = name
            self.prefix = prefix
            self.isPathStyle = isPathStyle
            self.keys = keys
        }
    }

    /// A file or a folder of IPFS.
    public struct IPFS: Sendable, Hashable {
        /// The content identifier: version 0 (`Qm…`) or version 1 in base 32 (`b…`).
        public var cid: String
        /// Trustless gateways in the order of preference; 1 to ``OriginManifest/maxGateways``.
        public var gateways: [OriginURL]
        /// Below the CID, without a slash at either end; may be empty.
        public var path: String

        /// Nothing is checked here; ``OriginManifest/problem`` does.
        public init(cid: String, gateways: [OriginURL], path: String = "") {
            self.cid = cid
            self.gateways = gateways
            self.path = path
        }

        /// Whether a text has the form of a content identifier; what it encodes is not read.
        public static func isCID(_ text: String) -> Bool {
            if text.hasPrefix("Qm") {
                return text.utf8.count == 46 && text.allSatisfy { base58.contains($0) }
            }
            return text.hasPrefix("b") && (8...128).contains(text.utf8.count)
                && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x32...0x37).contains($0) }
        }

        private static let base58 = Set("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
    }

    /// For people; holds nothing secret.
    public var description: String {
        switch self {
        case .server(let url): url.description
        case .bucket(let bucket):
            "\(bucket.endpoint)/\(bucket.name)" + (bucket.prefix.isEmpty ? "" : "/\(bucket.prefix)")
        case .ipfs(let ipfs): "ipfs://\(ipfs.cid)" + (ipfs.path.isEmpty ? "" : "/\(ipfs.path)")
        case .directory(let path): "directory \(path)"
        }
    }

    /// Names of the secrets that the source cannot do without.
    public var secrets: [String] {
        guard case .bucket(let bucket) = self, let keys = bucket.keys else { return [] }
        return [keys.id, keys.key] + (keys.session.map { [$0] } ?? [])
    }
}
