import Identity
import Ledger

/// Decides whom a node whose ledger is halted brings its evidence to, and how often: to all who may order, until one of
/// them took it. Which of them leads, and how far the node's nonces are on their branch, it does not know.
struct EvidenceDelivery {
    /// What a sequencer made of the evidence.
    enum Answer: Equatable {
        case taken
        case refused(LedgerError.Code)
        /// Not reached, or not the one who orders now.
        case silent
    }

    private struct Recipient {
        let node: NodeID
        /// Nonces that were wrong.
        var wrongNonces = 0
        var hasRefused = false
    }

    private let nonce: UInt64
    private var recipients: [Recipient]
    /// Who has it on its ledger now.
    private(set) var takers: [NodeID] = []

    /// - Parameter nonce: The node's next one where its own ledger halted.
    init(sequencers: [NodeID], nonce: UInt64) {
        self.nonce = nonce
        recipients = sequencers.map { Recipient(node: $0) }
    }

    /// Who refused it for good.
    var refusers: [NodeID] { recipients.filter(\.hasRefused).map(\.node) }

    /// Whether nothing is left to try.
    var isDone: Bool { !takers.isEmpty || recipients.allSatisfy(\.hasRefused) }

    /// Whom to ask in this round, and with which nonce.
    func next() -> [(node: NodeID, nonce: UInt64)] {
        recipients.filter { !$0.hasRefused && !takers.contains($0.node) }.map {
            ($0.node, nonce(after: $0.wrongNonces))
        }
    }

    /// Takes note of an answer.
    mutating func heard(_ answer: Answer, from node: NodeID) {
        guard let index = recipients.firstIndex(where: { $0.node == node }) else { return }
        switch answer {
        case .taken, .refused(.alreadyDone): takers.append(node)
        case .refused(.badNonce): recipients[index].wrongNonces += 1
        case .refused: recipients[index].hasRefused = true
        case .silent: break
        }
    }

    /// On another branch the node may have done a little more than here, or a little less: around the known one, from
    /// near to far.
    private func nonce(after wrong: Int) -> UInt64 {
        let distance = UInt64((wrong + 1) / 2)
        guard wrong % 2 == 0 else { return nonce &+ distance }
        return nonce > distance ? nonce - distance : 1
    }
}
