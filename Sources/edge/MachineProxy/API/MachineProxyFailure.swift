public import Gateway

/// Why a machine gave no answer.
public struct MachineProxyFailure: Error, Sendable, CustomStringConvertible {
    /// What the client is told if nobody else answers.
    public let error: GatewayError
    /// Whether the machine may have seen the request: then only a request that may be repeated is tried again.
    public let mayHaveRun: Bool
    /// Whether the machine is to blame, as opposed to this node's limits or the client.
    public let isFault: Bool
    /// Whether another machine may do better.
    public let isOthersToTry: Bool

    /// A failure.
    public init(_ error: GatewayError, mayHaveRun: Bool, isFault: Bool, isOthersToTry: Bool = true) {
        self.error = error
        self.mayHaveRun = mayHaveRun
        self.isFault = isFault
        self.isOthersToTry = isOthersToTry
    }

    /// For logs.
    public var description: String { "\(error)" }

    static func fault(_ code: GatewayError.Code, _ message: String, mayHaveRun: Bool) -> Self {
        Self(GatewayError(code, message, origin: .origin), mayHaveRun: mayHaveRun, isFault: true)
    }

    /// The client went away, or sent something that no other machine would take either.
    static func client(_ code: GatewayError.Code, _ message: String) -> Self {
        Self(GatewayError(code, message, origin: .client), mayHaveRun: true, isFault: false, isOthersToTry: false)
    }
}
