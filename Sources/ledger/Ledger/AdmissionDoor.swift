/// Which nodes may register on a network.
public enum AdmissionDoor: String, Hashable, Sendable, CaseIterable {
    /// Any operator's.
    case open
    /// Those that a governor listed, by their own or their operator's id.
    case allowlist
    /// Those with attestation evidence that a verifier accepts. No verifier exists in this version: nobody comes in.
    case attested

    /// The number in the state and in messages; never reused.
    var code: UInt8 {
        switch self {
        case .open: 1
        case .allowlist: 2
        case .attested: 3
        }
    }

    init?(code: UInt64) {
        guard let door = AdmissionDoor.allCases.first(where: { UInt64($0.code) == code }) else { return nil }
        self = door
    }
}
