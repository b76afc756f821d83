/// What a node will lose once a certificate covers the entry that says so.
public struct NodePenalty: Hashable, Sendable {
    /// How much.
    public enum Amount: Hashable, Sendable {
        /// So many units: it committed to the beacon and did not reveal.
        case units(UInt64)
        /// So many thousandths of all that it has at stake or unstaking: a proven fault. The node leaves and is barred.
        case permille(UInt32)
    }

    public internal(set) var amount: Amount
    /// The entry that says so.
    public internal(set) var sequence: UInt64
}

extension NodePenalty {
    /// Units of `total`.
    func units(of total: UInt64) -> UInt64 {
        switch amount {
        case .units(let units): return min(units, total)
        case .permille(let permille):
            // The quotient fits: at most 1,000 thousandths.
            let product = total.multipliedFullWidth(by: UInt64(min(permille, 1_000)))
            return UInt64(1_000).dividingFullWidth(product).quotient
        }
    }

    func encode(into encoder: inout RowEncoder) {
        switch amount {
        case .units(let units):
            encoder.append(UInt8(1))
            encoder.append(units)
        case .permille(let permille):
            encoder.append(UInt8(2))
            encoder.append(UInt64(permille))
        }
        encoder.append(sequence)
    }
}
