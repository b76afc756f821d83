/// What went wrong with a domain's proof or its certificate.
public struct CertificateError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong; open for more.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) { self.description = description }

        /// The resolver did not answer, or not in a way that can be read.
        public static let dnsFailed = Code("certificates/dns-failed")
        /// The certificate authority refused, or answered in a way that can not be used.
        public static let authorityRefused = Code("certificates/authority-refused")
        /// The certificate authority asks to come back later.
        public static let rateLimited = Code("certificates/rate-limited")
        /// The certificate authority cannot be reached.
        public static let authorityUnreachable = Code("certificates/authority-unreachable")
        /// The certificate authority could not see the answer to its challenge.
        public static let challengeFailed = Code("certificates/challenge-failed")
        /// Bytes that should be a certificate or a key are none, or do not belong together.
        public static let badCertificate = Code("certificates/bad-certificate")
        /// The folder for certificates cannot be read or written.
        public static let folderUnusable = Code("certificates/folder-unusable")
        /// A setting makes no sense.
        public static let badSettings = Code("certificates/bad-settings")
    }

    public let code: Code
    /// What was wrong, where, and what to do next: one sentence without a full stop at its end.
    public let message: String
    /// How many seconds the other side asks to wait; nil if it says nothing.
    public let retryAfterSeconds: Int?

    public init(_ code: Code, _ message: String, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// For logs.
    public var description: String { "\(code): \(message)" }
}
