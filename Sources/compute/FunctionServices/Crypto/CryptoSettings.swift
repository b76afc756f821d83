/// Limits of functions' cryptographic calls.
public struct CryptoSettings: Sendable {
    /// Keys, parameters and data of one call, in bytes; digests and MACs have no limit, since they take data as it comes.
    /// Default 16 MiB.
    public var maxBodyBytes = 16 << 20
    /// Longest HMAC key, and password and salt of PBKDF2 together, in bytes. Default 64 KiB.
    public var maxKeyBytes = 64 << 10
    /// Iterations of one PBKDF2 call. Default 1,000,000: about half a second.
    public var maxIterations = 1_000_000
    /// Most bytes that HKDF and PBKDF2 derive at a time. Default 4,096.
    public var maxDerivedBytes = 4_096
    /// PBKDF2 iterations that an app may use each second, for long. Default 500,000.
    public var iterationsPerSecond = 500_000.0
    /// PBKDF2 iterations that an app may use at once. Default 4,000,000.
    public var iterationBurst = 4_000_000.0
    /// PBKDF2 calls of one app at a time. Default 4.
    public var maxDerivationsPerApp = 4
    /// Threads for calls that take long. Default 2.
    public var threads = 2
    /// Data from which on a call takes such a thread, in bytes. Default 64 KiB.
    public var threadThresholdBytes = 64 << 10

    /// The defaults.
    public init() {}
}
