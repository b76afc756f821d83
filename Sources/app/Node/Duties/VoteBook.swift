import Blake3
import Identity
import Ledger

/// The votes of the committees for the newest checkpoints, as far as this node has them.
struct VoteBook {
    /// What a vote led to.
    enum Step: Equatable {
        /// Known already, of nobody who counts, or for a checkpoint that is not in the book.
        case ignored
        /// Not signed by the member that it names.
        case forged
        /// New.
        case counted
        /// New, and with it the certificate is complete.
        case completed(Certificate)
        /// Its signer voted for another checkpoint of the same sequence: both votes prove it.
        case contradicts(CheckpointVote)
    }

    private struct Page {
        let checkpoint: Checkpoint
        let committee: [NodeID: PublicKey]
        var collector: CertificateCollector
        var votes: [NodeID: CheckpointVote] = [:]
        /// Of members that signed something else at this sequence.
        var strange: [NodeID: CheckpointVote] = [:]
        var certificate: Certificate?
    }

    /// Checkpoints in the book: all for which the ledger may still record a certificate, the 64 that it remembers and that
    /// of its last entry. What falls out of the book could not be recorded any more.
    static let maxCheckpoints = 65

    /// Ascending by sequence.
    private var pages: [Page] = []

    /// Opens a page for a checkpoint that this node has reached itself.
    ///
    /// - Parameter committee: Who signs it.
    mutating func open(_ checkpoint: Checkpoint, _ committee: Committee) {
        guard checkpoint.sequence > (pages.last?.checkpoint.sequence ?? 0) else { return }
        let keys = Dictionary(committee.members.map { ($0.node, $0.publicKey) }) { first, _ in first }
        pages.append(
            Page(
                checkpoint: checkpoint, committee: keys,
                collector: CertificateCollector(checkpoint: checkpoint, committee: committee)))
        // The ledger forgets in the same order: no open page goes while its certificate could still be recorded.
        if pages.count > VoteBook.maxCheckpoints { pages.removeFirst() }
    }

    /// Takes a vote from anywhere. Signatures are verified here, of members only and of each once.
    mutating func add(_ vote: CheckpointVote) -> Step {
        guard let index = pages.firstIndex(where: { $0.checkpoint.sequence == vote.checkpoint.sequence }),
            let key = pages[index].committee[vote.node]
        else { return .ignored }
        guard vote.checkpoint == pages[index].checkpoint else { return addStrange(vote, key, index) }
        guard pages[index].votes[vote.node] == nil else { return .ignored }
        guard vote.isValid(key) else { return .forged }
        pages[index].votes[vote.node] = vote
        if let strange = pages[index].strange[vote.node] { return .contradicts(strange) }
        guard let certificate = pages[index].collector.addVerified(vote), pages[index].certificate == nil else {
            return .counted
        }
        pages[index].certificate = certificate
        return .completed(certificate)
    }

    private mutating func addStrange(_ vote: CheckpointVote, _ key: PublicKey, _ index: Int) -> Step {
        guard pages[index].strange[vote.node] == nil else { return .ignored }
        guard vote.isValid(key) else { return .forged }
        pages[index].strange[vote.node] = vote
        guard let known = pages[index].votes[vote.node] else { return .ignored }
        return .contradicts(known)
    }

    /// The newest complete certificate.
    var certificate: Certificate? { pages.last { $0.certificate != nil }?.certificate }

    /// Everything in the book about checkpoints behind `sequence`, the newest first.
    func votes(after sequence: UInt64) -> [CheckpointVote] {
        pages.reversed().filter { $0.checkpoint.sequence > sequence }.flatMap(\.votes.values)
    }

    /// The votes for the checkpoints of these sequences.
    func votes(of sequences: Set<UInt64>) -> [CheckpointVote] {
        pages.filter { sequences.contains($0.checkpoint.sequence) }.flatMap(\.votes.values)
    }

    /// Whether the book has this node's vote for the checkpoint of this sequence.
    func hasVote(of node: NodeID, for sequence: UInt64) -> Bool {
        pages.contains { $0.checkpoint.sequence == sequence && $0.votes[node] != nil }
    }

    /// The checkpoints in the book that lack a certificate, the newest first.
    var open: [Checkpoint] { pages.reversed().filter { $0.certificate == nil }.map(\.checkpoint) }

    /// Who signs the checkpoint of this sequence; empty if it is not in the book.
    func committee(of sequence: UInt64) -> [NodeID] {
        pages.first { $0.checkpoint.sequence == sequence }.map { Array($0.committee.keys) } ?? []
    }
}
