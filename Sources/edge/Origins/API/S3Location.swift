/// A bucket of an S3-compatible service, or the objects of it whose keys begin with a prefix.
public struct S3Location: Hashable, Sendable, CustomStringConvertible {
    /// URL of the service, such as `https://s3.eu-west-1.amazonaws.com` or `http://127.0.0.1:9000`.
    public var endpoint: String
    /// The region that requests are signed for, such as `eu-west-1`. Default `us-east-1`.
    public var region = "us-east-1"
    /// The bucket.
    public var bucket: String
    /// Goes before the path in each key; no slash is added. Default empty.
    public var prefix = ""
    /// Who signs; nil: requests are not signed, for public buckets.
    public var credentials: Credentials?
    /// Whether the bucket stands in the path rather than in the host. Default true.
    public var usesPathStyle = true

    /// The keys of an account. The secret is in no description.
    public struct Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
        CustomReflectable
    {
        /// The id of the access key.
        public let accessKeyID: String
        /// The secret.
        public let secretAccessKey: String
        /// The token of temporary credentials; nil if they are not temporary.
        public let sessionToken: String?

        /// Keys.
        public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.sessionToken = sessionToken
        }

        public var description: String { "access key \(accessKeyID)" }
        public var debugDescription: String { description }
        public var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
    }

    /// A bucket.
    public init(endpoint: String, bucket: String) {
        self.endpoint = endpoint
        self.bucket = bucket
    }

    public var description: String { "bucket \(bucket) at \(endpoint)" }
}
