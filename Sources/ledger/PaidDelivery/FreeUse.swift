/// What a node gives away.
public enum FreeUse: Hashable, Sendable, LosslessStringConvertible {
    /// Every peer gets everything: what nodes of one operator, or friends, want. The default.
    case always
    /// So many units of 128 KiB for each peer, counted since the node started; 0 gives nothing away.
    case units(UInt64)

    /// Reads `always` or a number of units.
    public init?(_ text: String) {
        if text == "always" {
            self = .always
        } else if let units = UInt64(text) {
            self = .units(units)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .always: "always"
        case .units(let units): "\(units)"
        }
    }
}
