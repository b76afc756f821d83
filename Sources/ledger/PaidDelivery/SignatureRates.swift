import Identity

/// Bounds how often a peer makes this node sign or verify something: openings of sessions, quotes, vouchers. A core.
///
/// Each costs some 50 to 100 µs, and a frame that asks for it nearly nothing. The rate is that of a cell-rate algorithm
/// (GCRA, ITU-T I.371): ``burst`` at once, then one each ``interval``.
struct SignatureRates: Sendable {
    static let burst: Int64 = 64
    /// In milliseconds.
    static let interval: Int64 = 500
    /// Peers that are remembered; while so many are in their burst, further ones wait.
    static let maxPeers = 65_536
    /// Between two searches for peers that need not be remembered, in milliseconds.
    private static let pause: Int64 = 1_000

    /// When what a peer asked would have been earned at the steady rate.
    private var due: [NodeID: Int64] = [:]
    private var lastSearch = Int64.min

    /// Counts one, if the peer may have it now.
    ///
    /// - Parameter milliseconds: Now; at least 0, and small enough to add an hour.
    mutating func admit(_ peer: NodeID, at milliseconds: Int64) -> Bool {
        let known = due[peer]
        if known == nil, due.count >= SignatureRates.maxPeers, !makeRoom(milliseconds) { return false }
        let most = milliseconds + SignatureRates.burst * SignatureRates.interval
        if let known, known > most {
            // The clock was set back: the peer waits as long as after a burst, and not until the old time comes again.
            due[peer] = most
            return false
        }
        let next = max(known ?? 0, milliseconds) + SignatureRates.interval
        guard next <= most else { return false }
        due[peer] = next
        return true
    }

    private mutating func makeRoom(_ milliseconds: Int64) -> Bool {
        guard lastSearch == .min || milliseconds - lastSearch >= SignatureRates.pause || milliseconds < lastSearch
        else { return false }
        lastSearch = milliseconds
        due = due.filter { $0.value > milliseconds }
        return due.count < SignatureRates.maxPeers
    }
}
