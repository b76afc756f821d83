public import Functions

/// Why another node gave no answer to a call.
public struct CallFailure: Error {
    /// What the caller is told if nobody else answers.
    public let error: FunctionError
    /// Whether the function may have seen the call: then only a call that may be repeated is tried again.
    public let mayHaveRun: Bool
    /// Whether the other node is to blame, as opposed to its load, the function, or this caller.
    public let isFault: Bool
    /// Whether somebody else may do better: an error of the function is one everywhere.
    public let isOthersToTry: Bool
    /// Whether the other node wants to be paid first.
    public let isUnpaid: Bool

    public init(
        error: FunctionError, mayHaveRun: Bool, isFault: Bool, isOthersToTry: Bool, isUnpaid: Bool = false
    ) {
        self.error = error
        self.mayHaveRun = mayHaveRun
        self.isFault = isFault
        self.isOthersToTry = isOthersToTry
        self.isUnpaid = isUnpaid
    }

    /// The other node did not do its part.
    public static func fault(_ message: String, mayHaveRun: Bool) -> CallFailure {
        CallFailure(
            error: FunctionError(.unreachable, message, retryAfter: .seconds(1)), mayHaveRun: mayHaveRun, isFault: true,
            isOthersToTry: true)
    }

    /// The other node has no room, or does not know the release yet.
    public static func refused(_ error: FunctionError) -> CallFailure {
        CallFailure(error: error, mayHaveRun: false, isFault: false, isOthersToTry: true)
    }

    /// The function failed, or the caller went away.
    public static func final(_ error: FunctionError) -> CallFailure {
        CallFailure(error: error, mayHaveRun: true, isFault: false, isOthersToTry: false)
    }
}
