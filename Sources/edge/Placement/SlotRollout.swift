/// What the machines of an app are to be brought to, release by release: rolling (one slot after the other) or blue-green
/// (all at once when all are ready), each new copy only when it is healthy, and back when one does not become so.
///
/// Pure: it looks at the slots' leases, which every node reads alike, so nobody has to lead.
public struct SlotRollout: Sendable, Hashable {
    /// How a new release takes the place of the old one.
    public enum Strategy: Sendable, Hashable {
        case rolling
        case blueGreen
    }

    /// A slot, as its lease says.
    public struct Slot: Sendable, Hashable {
        public var number: UInt32
        /// Whether a node has the lease now.
        public var isHeld: Bool
        /// The release that runs; nil before the first one does.
        public var release: String?
        /// A newer release that is healthy beside it.
        public var ready: String?
        /// A release that did not become healthy.
        public var failed: String?

        public init(
            number: UInt32, isHeld: Bool = true, release: String? = nil, ready: String? = nil, failed: String? = nil
        ) {
            self.number = number
            self.isHeld = isHeld
            self.release = release
            self.ready = ready
            self.failed = failed
        }
    }

    /// What a slot's holder is to do about releases.
    public enum Step: Sendable, Hashable {
        /// Run what it runs: it is its turn later.
        case keep
        /// Run what it runs, and nothing beside it: that is what it is to run.
        case settled
        /// Start this release beside the one that runs; when it is healthy, let it take over.
        case replace(String)
        /// Start this release beside the one that runs; when it is healthy, say so and wait.
        case prepare(String)
        /// Let the prepared release take over.
        case switchTo(String)
    }

    public let strategy: Strategy
    /// In ascending order of their numbers.
    public let slots: [Slot]
    /// The release that all slots are on the way to: the newest of the live ones that did not fail; nil if all did.
    public let target: String?

    /// - Parameters:
    ///   - releases: What the owner made live, the present one first; what follows is gone back to.
    public init(strategy: Strategy, releases: [String], slots: [Slot]) {
        self.strategy = strategy
        self.slots = slots.sorted { $0.number < $1.number }
        let failed = Set(slots.compactMap(\.failed))
        target = releases.first { !failed.contains($0) }
    }

    /// What the holder of a slot does.
    public func step(of number: UInt32) -> Step {
        guard let target, let slot = slots.first(where: { $0.number == number }) else { return .keep }
        if slot.release == target { return .settled }
        // Nothing runs that could be disturbed.
        if slot.release == nil { return .replace(target) }
        switch strategy {
        case .rolling:
            // A slot that nobody holds starts with the target anyhow.
            let isTurn = slots.allSatisfy { $0.number >= number || !$0.isHeld || $0.release == target }
            return isTurn ? .replace(target) : .keep
        case .blueGreen:
            let isReady = slots.allSatisfy { !$0.isHeld || $0.release == target || $0.ready == target }
            if isReady { return .switchTo(target) }
            return slot.ready == target ? .keep : .prepare(target)
        }
    }

    /// Whether every slot that is held runs the target.
    public var isDone: Bool { slots.allSatisfy { !$0.isHeld || $0.release == target } }
}
