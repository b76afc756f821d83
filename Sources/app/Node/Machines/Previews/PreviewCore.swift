import Placement

/// Which previews a node runs: a few, in the room that its slots leave, and none that nobody looks at. Pure; times in
/// milliseconds of any clock that never goes back.
struct PreviewCore: Sendable {
    /// A release of an app.
    struct Key: Hashable, Sendable, Comparable {
        var app: String
        var release: String

        static func < (left: Key, right: Key) -> Bool { (left.app, left.release) < (right.app, right.release) }
    }

    /// What a node allows.
    struct Limits: Sendable, Hashable {
        /// Previews at once. Default 8.
        var most = 8
        /// Previews of one app at once. Default 2.
        var mostOfApp = 2
        /// How long one may have no request before it ends. Default 5 min.
        var idle: Int64 = 300_000
        /// How long one stays even where another one wants its place. Default 30 s.
        var least: Int64 = 30_000
        /// How long a release that could not be started is not tried again. Default 10 s.
        var pause: Int64 = 10_000

        /// The defaults.
        init() {}
    }

    /// What becomes of a wish for a preview.
    enum Admission: Sendable, Hashable {
        /// It is there already, or on its way.
        case known
        /// It begins; these end first.
        case begins(ending: [Key])
        /// There is no place for it, for a reason for people.
        case refused(String)
    }

    private struct Entry: Hashable {
        var demand: MachinePlacement.Demand
        /// When it had the last request, or was asked for.
        var used: Int64
        var isBusy = false
    }

    private let limits: Limits
    private var entries: [Key: Entry] = [:]
    private var failures: [Key: (reason: String, until: Int64)] = [:]

    init(limits: Limits = Limits()) { self.limits = limits }

    /// In order.
    var keys: [Key] { entries.keys.sorted() }

    /// Somebody asks for a release.
    ///
    /// - Parameter room: What the node offers beside its slots.
    mutating func admit(
        _ key: Key, _ demand: MachinePlacement.Demand, room: MachinePlacement.Demand, now: Int64
    ) -> Admission {
        if entries[key] != nil {
            entries[key]?.used = now
            return .known
        }
        failures = failures.filter { $0.value.until > now }
        if let failure = failures[key] { return .refused(failure.reason) }
        var left = entries
        var ending: [Key] = []
        func makePlace(_ isEnough: ([Key: Entry]) -> Bool, of candidates: ([Key: Entry]) -> [Key]) -> Bool {
            while !isEnough(left) {
                let free = candidates(left).filter { key in
                    left[key].map { !$0.isBusy && now - $0.used >= limits.least } ?? false
                }
                guard let oldest = free.min(by: { (left[$0]?.used ?? 0, $0) < (left[$1]?.used ?? 0, $1) }) else {
                    return false
                }
                left[oldest] = nil
                ending.append(oldest)
            }
            return true
        }
        let ofApp = { (entries: [Key: Entry]) in entries.keys.filter { $0.app == key.app } }
        guard makePlace({ ofApp($0).count < limits.mostOfApp }, of: ofApp) else {
            return .refused(
                "\(limits.mostOfApp) previews of \(key.app) run already; those that nobody looks at end soon")
        }
        guard makePlace({ $0.count < limits.most }, of: { Array($0.keys) }) else {
            return .refused("\(limits.most) previews run on the node already; those that nobody looks at end soon")
        }
        guard makePlace({ PreviewCore.fits(demand, beside: $0, room) }, of: { Array($0.keys) }) else {
            return .refused("the node has no room for it now")
        }
        entries = left
        entries[key] = Entry(demand: demand, used: now)
        return .begins(ending: ending)
    }

    private static func fits(
        _ demand: MachinePlacement.Demand, beside entries: [Key: Entry], _ room: MachinePlacement.Demand
    ) -> Bool {
        let cpu = entries.values.reduce(demand.cpuMillis) { $0 + $1.demand.cpuMillis }
        let memory = entries.values.reduce(demand.memoryBytes) { $0 + $1.demand.memoryBytes }
        return cpu <= room.cpuMillis && memory <= room.memoryBytes
    }

    /// Takes over whether a preview works on something.
    mutating func note(_ key: Key, isBusy: Bool, now: Int64) {
        guard var entry = entries[key] else { return }
        if isBusy || entry.isBusy { entry.used = now }
        entry.isBusy = isBusy
        entries[key] = entry
    }

    /// Why a release is not tried again now; nil if it may be.
    func failure(of key: Key) -> String? { failures[key]?.reason }

    /// A release could not be started, or went down.
    mutating func failed(_ key: Key, _ reason: String, now: Int64) {
        entries[key] = nil
        failures[key] = (reason, now + limits.pause)
    }

    /// Takes the previews away that are to end: those that had no request for long, and, where slots took their room, those
    /// that had none for longest.
    mutating func expire(room: MachinePlacement.Demand, now: Int64) -> [Key] {
        var ending = entries.filter { !$0.value.isBusy && now - $0.value.used >= limits.idle }.map(\.key)
        for key in ending { entries[key] = nil }
        let nothing = MachinePlacement.Demand(cpuMillis: 0, memoryBytes: 0)
        while !PreviewCore.fits(nothing, beside: entries, room),
            let oldest = entries.min(by: { ($0.value.used, $0.key) < ($1.value.used, $1.key) })?.key
        {
            entries[oldest] = nil
            ending.append(oldest)
        }
        return ending.sorted()
    }
}
