/// Why a worker could not answer a request.
public enum FailureCode: UInt8, Hashable, Sendable, CaseIterable {
    /// The function threw, or a promise that belongs to the request was rejected and nobody handled it.
    case exception = 1
    /// The request used up its CPU time and the engine stopped it.
    case cpuLimit = 2
    /// The function answered with something that is not a response.
    case badResponse = 3
    /// The response's body is larger than the limit that came with the code.
    case bodyTooLarge = 4
    /// The node cancelled the request; nobody waits for an answer.
    case cancelled = 5
    /// A request arrived before the code was loaded.
    case notLoaded = 6
}
