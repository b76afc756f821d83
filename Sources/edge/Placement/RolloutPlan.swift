/// What a new release of a machine would do, slot by slot: for people who look before they deploy. Pure.
public struct RolloutPlan: Sendable, Hashable {
    /// What happens in a slot.
    public enum Step: Sendable, Hashable {
        /// Nothing runs there: it starts on a node with room.
        case start
        /// It starts beside the release that runs, which ends when the new one is healthy.
        case replace(String, node: String)
        /// The release that runs stops first, because both would write to one volume.
        case exchange(String, node: String)
        /// What runs stays as it is.
        case keep(String, node: String)
        /// It ends, because there are to be fewer copies.
        case end(String, node: String)
    }

    /// A slot that something runs in.
    public struct Running: Sendable, Hashable {
        public var slot: UInt32
        public var release: String
        public var node: String

        public init(slot: UInt32, release: String, node: String) {
            self.slot = slot
            self.release = release
            self.node = node
        }
    }

    /// The slots in the order in which they are changed, each with its step.
    public let steps: [(slot: UInt32, step: Step)]
    /// Whether one waits for the other.
    public let isRolling: Bool

    /// - Parameters:
    ///   - copies: As many as there are to be at most.
    ///   - isSame: Whether the new release differs in its scale only.
    public init(running: [Running], copies: UInt32, isRolling: Bool, hasVolumes: Bool, isSame: Bool) {
        self.isRolling = isRolling || hasVolumes
        let known = Dictionary(running.map { ($0.slot, $0) }) { first, _ in first }
        var steps: [(slot: UInt32, step: Step)] = []
        for slot in Set(0..<copies).union(known.keys).sorted() {
            guard let machine = known[slot] else {
                steps.append((slot, .start))
                continue
            }
            let step: Step =
                if slot >= copies {
                    .end(machine.release, node: machine.node)
                } else if isSame {
                    .keep(machine.release, node: machine.node)
                } else if hasVolumes {
                    .exchange(machine.release, node: machine.node)
                } else {
                    .replace(machine.release, node: machine.node)
                }
            steps.append((slot, step))
        }
        self.steps = steps
    }

    public static func == (left: RolloutPlan, right: RolloutPlan) -> Bool {
        left.isRolling == right.isRolling && left.steps.elementsEqual(right.steps) { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        for (slot, step) in steps {
            hasher.combine(slot)
            hasher.combine(step)
        }
    }
}
