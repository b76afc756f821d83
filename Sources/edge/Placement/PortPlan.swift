import Blake3

/// Which port of a node leads to which machine: the one that its app wishes for if it is free, else the first free one
/// behind a place that the names decide, so that nodes with the same ports mostly choose the same one. Who has a port keeps
/// it: nobody can take it away by wishing for it. Pure; times in milliseconds of any clock that never goes back.
public struct PortPlan: Sendable, Hashable {
    /// A port of an app's machines.
    public struct Place: Sendable, Hashable, Comparable, Codable {
        public var app: String
        /// The name of the machines' port.
        public var port: String

        public init(app: String, port: String) {
            self.app = app
            self.port = port
        }

        /// By app and name.
        public static func < (left: Place, right: Place) -> Bool { (left.app, left.port) < (right.app, right.port) }
    }

    /// A port that an app wants to be open.
    public struct Wish: Sendable, Hashable {
        public var place: Place
        /// Nil for any.
        public var number: Int?
        /// Whose app it is; what one owner gets is bounded.
        public var owner: String

        public init(_ place: Place, number: Int?, owner: String) {
            self.place = place
            self.number = number
            self.owner = owner
        }
    }

    /// A port that an app has.
    public struct Grant: Sendable, Hashable, Codable {
        public var place: Place
        public var owner: String
        /// The node's port.
        public var number: Int
        /// What the app asked for; nil for any.
        public var wished: Int?
        /// Why it is not the one that was asked for; empty if it is.
        public var reason: String
    }

    /// What a plan never goes beyond.
    public struct Limits: Sendable, Hashable {
        /// Ports of one node. Default 256.
        public var most = 256
        /// Ports of one owner. Default 32.
        public var mostOfOwner = 32
        /// How long a port that nobody wants any more stays its app's, in milliseconds. Default 10 min.
        public var keeping: Int64 = 600_000
        /// How long a port that could not be opened is left alone, in milliseconds. Default 1 min.
        public var pause: Int64 = 60_000

        /// The defaults.
        public init() {}
    }

    private let ranges: PortRanges
    private let limits: Limits
    /// In order of their places.
    public private(set) var grants: [Grant]
    /// Why an app got none.
    public private(set) var refusals: [Place: String] = [:]
    private var unwantedSince: [Place: Int64] = [:]
    /// Ports that something else has, and when they are tried again.
    private var blocked: [Int: Int64] = [:]

    /// - Parameter grants: Of an earlier run. Those whose ports may not be opened any more are dropped.
    public init(_ ranges: PortRanges, grants: [Grant] = [], limits: Limits = Limits()) {
        self.ranges = ranges
        self.limits = limits
        var numbers: Set<Int> = []
        var places: Set<Place> = []
        self.grants = grants.prefix(limits.most).filter {
            ranges.contains($0.number) && numbers.insert($0.number).inserted && places.insert($0.place).inserted
        }.sorted { $0.place < $1.place }
    }

    /// Brings grants in line with what is wished for.
    public mutating func update(_ wishes: [Wish], now: Int64) {
        let wanted = Dictionary(wishes.map { ($0.place, $0) }) { first, _ in first }
        blocked = blocked.filter { $0.value > now }
        unwantedSince = unwantedSince.filter { wanted[$0.key] == nil }
        for grant in grants where wanted[grant.place] == nil && unwantedSince[grant.place] == nil {
            unwantedSince[grant.place] = now
        }
        let gone = unwantedSince.filter { now - $0.value >= limits.keeping }
        unwantedSince = unwantedSince.filter { gone[$0.key] == nil }
        grants = grants.filter { grant in
            guard let wish = wanted[grant.place] else { return gone[grant.place] == nil }
            return wish.number == grant.wished && wish.owner == grant.owner
        }
        refusals = [:]
        let has = Set(grants.map(\.place))
        for wish in wanted.values.sorted(by: { $0.place < $1.place }) where !has.contains(wish.place) { grant(wish) }
        grants.sort { $0.place < $1.place }
    }

    /// A port cannot be opened: its app gets another one at the next update.
    public mutating func block(_ number: Int, now: Int64) {
        blocked[number] = now + limits.pause
        grants.removeAll { $0.number == number }
    }

    private mutating func grant(_ wish: Wish) {
        guard !ranges.ranges.isEmpty else {
            refusals[wish.place] = "this node opens no ports for machines"
            return
        }
        guard grants.count < limits.most else {
            refusals[wish.place] = "this node has \(grants.count) open ports already, as many as it may"
            return
        }
        guard grants.count(where: { $0.owner == wish.owner }) < limits.mostOfOwner else {
            refusals[wish.place] = "its owner has \(limits.mostOfOwner) open ports on this node, as many as one may"
            return
        }
        var reason = ""
        if let number = wish.number {
            if let obstacle = obstacle(number) {
                reason = "\(number) \(obstacle)"
            } else {
                return grants.append(
                    .init(place: wish.place, owner: wish.owner, number: number, wished: number, reason: ""))
            }
        }
        guard let number = free(for: wish.place) else {
            refusals[wish.place] = (reason.isEmpty ? "" : reason + ", and ") + "none of this node's ports is free"
            return
        }
        grants.append(
            .init(place: wish.place, owner: wish.owner, number: number, wished: wish.number, reason: reason))
    }

    /// Why a port cannot be had; nil if it can.
    private func obstacle(_ number: Int) -> String? {
        if !ranges.contains(number) { return "is none of this node's ports for machines (\(ranges))" }
        if grants.contains(where: { $0.number == number }) { return "is another machine's" }
        return blocked[number] == nil ? nil : "cannot be opened on this node now"
    }

    private func free(for place: Place) -> Int? {
        let count = ranges.common.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        let taken = Set(grants.map(\.number))
        let digest = Blake3.hash(Array("\(place.app)/\(place.port)".utf8))
        let start = digest.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }
        for step in 0..<count {
            let number = number(at: (Int(start) + step) % count)
            if !taken.contains(number), blocked[number] == nil { return number }
        }
        return nil
    }

    /// The port at a place in all common ranges, one behind the other.
    private func number(at index: Int) -> Int {
        var rest = index
        for range in ranges.common {
            if rest < range.count { return range.lowerBound + rest }
            rest -= range.count
        }
        return ranges.common[0].lowerBound
    }
}
