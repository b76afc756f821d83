import Blake3
import ControlModel
public import Ledger

/// A row that a proof showed.
public enum ProvenRow: Sendable, Hashable {
    case account(AccountRecord)
    case node(NodeRecord)
    case name(NameRecord)
    case release(ReleaseRecord)
    case domain(DomainRecord)
    case channel(ChannelRecord)

    /// The row of this key in the state of `root`; nil if the proof shows that there is none.
    ///
    /// - Throws: `.badProof` if the proof shows something else, or nothing.
    init?(_ key: ProofKey, _ proof: StateProof, _ root: Digest) throws(LedgerError) {
        let row: ProvenRow? =
            switch key {
            case .account(let id): try proof.account(id, root: root).map(ProvenRow.account)
            case .node(let id): try proof.node(id, root: root).map(ProvenRow.node)
            case .name(let name): try proof.name(name, root: root).map(ProvenRow.name)
            case .release(let id, let name): try proof.release(id, of: name, root: root).map(ProvenRow.release)
            case .domain(let domain): try proof.domain(domain, root: root).map(ProvenRow.domain)
            case .channel(let id): try proof.channel(id, root: root).map(ProvenRow.channel)
            }
        guard let row else { return nil }
        self = row
    }
}
