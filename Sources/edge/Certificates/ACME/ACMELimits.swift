/// Limits on what a certificate authority may send and ask for.
enum ACMELimits {
    /// The longest answer that is read, in bytes: chains are some KiB.
    static let maxAnswerBytes = 1 << 18
    /// The longest token of a challenge, in bytes.
    static let maxTokenBytes = 128
    /// The longest URL, in bytes.
    static let maxURLBytes = 2_048
    /// Authorizations of one order.
    static let maxAuthorizations = 16
    /// Challenges of one authorization that are looked at.
    static let maxChallenges = 16
    /// Certificates of one chain.
    static let maxChain = 8
    /// How often a request is repeated whose nonce was refused (RFC 8555, section 6.5).
    static let maxNonceRetries = 8
    /// Nonces that are kept for the next requests.
    static let maxNonces = 8
    /// The pause before the second look at an order, if the server says nothing; it doubles with each.
    static let firstPoll = Duration.milliseconds(200)
    /// The shortest and longest pause between two looks at an order, in seconds, whatever the server says.
    static let pollSeconds = 1...30
    /// How long an order may take, in seconds.
    static let orderSeconds = 180
    /// The longest pause that a rate-limited client is made to keep, in seconds: a day.
    static let maxRetryAfterSeconds = 86_400
    /// Characters of the authority's words that people are shown.
    static let maxDetailCharacters = 300
}
