/// What an operator gives away.
public enum FreeUse: Hashable, Sendable, LosslessStringConvertible {
    /// As much as the network says, see ``FreeTerms``. The default.
    case network
    /// Nodes get everything: what those of one operator, or friends, want. Others get what the network says.
    case always
    /// So many units of 128 KiB for each peer in an epoch, whatever the network says; 0 gives nothing away.
    case units(UInt64)

    /// Reads `network`, `always` or a number of units.
    public init?(_ text: String) {
        switch text {
        case "network": self = .network
        case "always": self = .always
        default:
            guard let units = UInt64(text) else { return nil }
            self = .units(units)
        }
    }

    public var description: String {
        switch self {
        case .network: "network"
        case .always: "always"
        case .units(let units): "\(units)"
        }
    }

    /// Units for one peer in an epoch; nil for everything.
    ///
    /// - Parameter isNode: Whether the peer takes part in the network, and is no mere payer.
    func units(isNode: Bool, _ terms: FreeTerms) -> UInt64? {
        switch self {
        case .units(let units): units
        case .always where isNode: nil
        case .network where isNode && !terms.nodesPay: nil
        case .always, .network: terms.units
        }
    }
}

/// What a network's parameters say of delivering without payment.
public struct FreeTerms: Hashable, Sendable {
    /// Whether nodes pay each other (`nodes_pay`); otherwise they get everything for nothing.
    public var nodesPay: Bool
    /// Units of 128 KiB that each peer who pays gets in an epoch before it does (`free_units`).
    public var units: UInt64
    /// The epoch in which they are counted.
    public var epoch: UInt64

    public init(nodesPay: Bool = false, units: UInt64 = 0, epoch: UInt64 = 0) {
        self.nodesPay = nodesPay
        self.units = units
        self.epoch = epoch
    }
}
