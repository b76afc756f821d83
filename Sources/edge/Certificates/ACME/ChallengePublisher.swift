/// Puts answers where the certificate authority will look: every node that may serve the name.
public protocol ChallengePublisher: Sendable {
    /// Returns when all nodes that could be reached answer with it.
    func publish(_ answer: ChallengeAnswer) async
    /// The authority has looked.
    func withdraw(_ answer: ChallengeAnswer) async
}
