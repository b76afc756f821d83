public import Blake3
import Foundation

/// The present epoch: its seed, its beacon and who signs checkpoints.
public struct EpochState: Hashable, Sendable {
    /// 0 begins with the genesis.
    public internal(set) var number: UInt64 = 0
    /// Restarts of the beacon in this epoch.
    public internal(set) var round: UInt32 = 0
    /// When the present round began; milliseconds since 1970-01-01T00:00:00Z.
    public internal(set) var roundStartMilliseconds: Int64
    /// How long the present round lasts, half of it for commits and half for reveals; in milliseconds. Fixed when the
    /// round begins: a parameter that changed meanwhile would end it before those who committed could reveal.
    public internal(set) var lengthMilliseconds: UInt64
    /// What assigns work in this epoch.
    public internal(set) var seed: Digest
    /// The last certified checkpoint when the round began, which the next seed depends on. Fixed before anybody
    /// commits, so that nobody who knows the reveals can choose it.
    public internal(set) var anchor: Digest
    /// Who signs checkpoints.
    public internal(set) var committee: Committee
    /// Who was drawn to follow, until a certificate of ``committee`` hands over.
    public internal(set) var pendingCommittee: Committee?

    /// The committee that checkpoints name as the next one.
    var nextCommittee: Committee { pendingCommittee ?? committee }

    /// Where in the round's time `timeMilliseconds` is.
    func phase(at timeMilliseconds: Int64) -> BeaconPhase {
        let (elapsed, overflow) = timeMilliseconds.subtractingReportingOverflow(roundStartMilliseconds)
        if overflow { return timeMilliseconds > 0 ? .due : .commit }
        if elapsed < 0 || UInt64(elapsed) < lengthMilliseconds / 2 { return .commit }
        return UInt64(elapsed) < lengthMilliseconds ? .reveal : .due
    }
}

extension EpochState {
    /// All but the length, which ``ChainState`` writes beside the parameter that it comes from.
    func encode(into encoder: inout RowEncoder) {
        encoder.append(number)
        encoder.append(UInt64(round))
        encoder.append(roundStartMilliseconds)
        encoder.append(seed)
        encoder.append(anchor)
        encoder.append(committee.bytes)
        encoder.append(pendingCommittee?.bytes ?? Data())
    }
}
