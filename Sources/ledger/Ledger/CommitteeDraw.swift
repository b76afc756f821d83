import Blake3
import Identity

/// Who is on a committee: everybody in a small network, otherwise a draw by stake.
enum CommitteeDraw {
    /// The indices of the candidates that are drawn, in ascending order.
    ///
    /// - Parameters:
    ///   - weights: In the order of the candidates' ids, each at least 1, together below 2⁶⁴.
    ///   - size: Candidates to draw if there are more than `wholeUpTo`; at least 1.
    static func indices(
        weights: [UInt64], seed: Digest, epoch: UInt64, size: Int, wholeUpTo: Int
    ) -> [Int] {
        if weights.count <= wholeUpTo { return Array(weights.indices) }
        var encoder = RowEncoder()
        encoder.append(epoch)
        var stream = DrawStream(LedgerHash.draw, seed: seed, context: encoder.bytes)
        var left = weights
        var total = weights.reduce(UInt64(0)) { $0.addingClamped($1) }
        var drawn: [Int] = []
        while drawn.count < min(size, weights.count), total > 0 {
            var rest = stream.next(below: total)
            guard
                let index = left.firstIndex(where: { weight in
                    if rest < weight { return true }
                    rest -= weight
                    return false
                })
            else { break }
            total -= left[index]
            left[index] = 0
            drawn.append(index)
        }
        return drawn.sorted()
    }
}

extension Committee {
    /// The committee with which a network begins: its genesis nodes, or a draw of them with the network's id as the
    /// seed.
    public init(genesis: Genesis) {
        let members = genesis.nodes.map { Member(publicKey: $0.publicKey, weight: max($0.stake, 1)) }
        let indices = CommitteeDraw.indices(
            weights: members.map(\.weight), seed: genesis.networkID.digest, epoch: 0,
            size: Int(genesis.parameters.committeeSize), wholeUpTo: Int(genesis.parameters.wholeCommitteeUpTo))
        self.init(indices.map { members[$0] })
    }
}
