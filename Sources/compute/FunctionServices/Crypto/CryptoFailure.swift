import Functions

/// Why a cryptographic call failed. None of the messages says anything about keys or plaintext.
enum CryptoFailure {
    /// The operation cannot be done with these bytes: a tag or padding that is wrong, for example.
    static func operation(_ reason: String) -> HostCallError {
        HostCallError("crypto/operation", reason)
    }

    /// Bytes or parameters are not what they should be: a key that is none, for example.
    static func data(_ reason: String) -> HostCallError { HostCallError("crypto/data", reason) }

    /// This node does not know the algorithm or the parameter.
    static func unsupported(_ reason: String) -> HostCallError {
        HostCallError("crypto/unsupported", reason)
    }

    /// Too large, or too much at a time.
    static func limit(_ reason: String) -> HostCallError { HostCallError("crypto/limit", reason) }
}
