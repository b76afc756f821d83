import Functions

/// Why another node gave no answer to a call.
struct CallFailure: Error {
    /// What the caller is told if nobody else answers.
    let error: FunctionError
    /// Whether the function may have seen the call: then only a call that may be repeated is tried again.
    let mayHaveRun: Bool
    /// Whether the other node is to blame, as opposed to its load, the function, or this caller.
    let isFault: Bool
    /// Whether somebody else may do better: an error of the function is one everywhere.
    let isOthersToTry: Bool
    /// Whether the other node wants to be paid first.
    var isUnpaid = false

    /// The other node did not do its part.
    static func fault(_ message: String, mayHaveRun: Bool) -> CallFailure {
        CallFailure(
            error: FunctionError(.unreachable, message, retryAfter: .seconds(1)), mayHaveRun: mayHaveRun, isFault: true,
            isOthersToTry: true)
    }

    /// The other node has no room, or does not know the release yet.
    static func refused(_ error: FunctionError) -> CallFailure {
        CallFailure(error: error, mayHaveRun: false, isFault: false, isOthersToTry: true)
    }

    /// The function failed, or the caller went away.
    static func final(_ error: FunctionError) -> CallFailure {
        CallFailure(error: error, mayHaveRun: true, isFault: false, isOthersToTry: false)
    }
}
