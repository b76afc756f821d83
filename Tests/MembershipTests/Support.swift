import Blake3
import Foundation
import Identity
import Testing

@testable import Membership

/// A reproducible generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

typealias Core = SwimCore<SeededGenerator>

/// A node id with the number in its first bytes, so that ids ascend with their numbers.
func nodeID(_ number: Int) -> NodeID {
    NodeID(
        Digest { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            bytes.storeBytes(of: UInt64(number).bigEndian, as: UInt64.self)
        })
}

func roster(_ count: Int) -> MemberRoster { MemberRoster((0..<count).map(nodeID)) }

/// Node 0 in a network of some size, at time zero.
func core(members: Int = 5, incarnation: UInt64 = 100, settings: MembershipSettings = .init(), seed: UInt64 = 1) -> Core
{
    Core(
        self: nodeID(0), incarnation: incarnation, roster: roster(members), settings: settings,
        random: SeededGenerator(seed), now: .zero)
}

func alive(_ number: Int, _ incarnation: UInt64) -> MemberClaim {
    MemberClaim(node: nodeID(number), state: .alive, incarnation: incarnation)
}

func suspect(_ number: Int, _ incarnation: UInt64, by accuser: Int) -> MemberClaim {
    MemberClaim(node: nodeID(number), state: .suspect, incarnation: incarnation, accuser: nodeID(accuser))
}

func left(_ number: Int, _ incarnation: UInt64) -> MemberClaim {
    MemberClaim(node: nodeID(number), state: .left, incarnation: incarnation)
}

func probe(_ claims: [MemberClaim], nonce: UInt64 = 9) -> SwimMessage {
    .probe(nonce: nonce, claims: claims, coordinate: .origin)
}

extension Core {
    /// What another node says, with its own word that it lives.
    @discardableResult
    mutating func hears(_ claims: [MemberClaim], from sender: Int, at now: Duration = .zero) -> [SwimAction] {
        onMessage(probe(claims), from: nodeID(sender), now: now)
    }

    /// Ticks at every deadline until a time; nobody answers.
    mutating func runAlone(until end: Duration) -> [(Duration, SwimAction)] {
        var actions: [(Duration, SwimAction)] = []
        while nextDeadline <= end {
            let now = nextDeadline
            actions += onTick(now: now).map { (now, $0) }
        }
        return actions
    }

    func state(_ number: Int) -> MemberState { state(of: nodeID(number)) }
}

/// Many cores in one process: messages take a while, and some are lost.
struct Swarm {
    enum Event {
        case message(SwimMessage, from: Int, to: Int)
        case tick(Int)
    }

    var cores: [Core?]
    var now = Duration.zero
    var lossShare = 0.0
    /// Nodes that accuse everybody in every message.
    var liars: Set<Int> = []
    /// Who was declared dead, by whom and when.
    private(set) var deaths: [(node: Int, by: Int, at: Duration)] = []
    private(set) var bytes = 0
    private var random: SeededGenerator
    private var queue: [(at: Duration, order: Int, event: Event)] = []
    private var order = 0
    private let numbers: [NodeID: Int]
    private let table: MemberRoster
    private let settings: MembershipSettings

    init(_ count: Int, seed: UInt64, settings: MembershipSettings = .init()) {
        table = roster(count)
        self.settings = settings
        random = SeededGenerator(seed)
        numbers = Dictionary(uniqueKeysWithValues: (0..<count).map { (nodeID($0), $0) })
        cores = Array(repeating: nil, count: count)
        for number in 0..<count { start(number) }
    }

    mutating func start(_ number: Int) {
        let incarnation = 1_000 + UInt64(now.wholeMilliseconds)
        let core = Core(
            self: nodeID(number), incarnation: incarnation, roster: table, settings: settings,
            random: SeededGenerator(random.next()), now: now)
        cores[number] = core
        push(core.nextDeadline, .tick(number))
    }

    mutating func leave(_ number: Int) {
        let actions = cores[number]?.leave(now: now) ?? []
        perform(actions, number)
        cores[number] = nil
    }

    mutating func run(for time: Duration) {
        let end = now + time
        while let next = queue.first, next.at <= end {
            pop()
            now = max(now, next.at)
            switch next.event {
            case .tick(let number):
                guard let deadline = cores[number]?.nextDeadline else { continue }
                // A ticket of an earlier life, or the deadline moved back.
                if deadline > now {
                    push(min(deadline, now + .milliseconds(100)), .tick(number))
                    continue
                }
                let actions = cores[number]?.onTick(now: now) ?? []
                perform(actions, number)
                if let later = cores[number]?.nextDeadline {
                    push(max(min(later, now + .milliseconds(100)), now + .milliseconds(1)), .tick(number))
                }
            case .message(let message, let from, let to):
                guard cores[to] != nil else { continue }
                let actions = cores[to]?.onMessage(message, from: nodeID(from), now: now) ?? []
                perform(actions, to)
            }
        }
        now = end
    }

    private mutating func perform(_ actions: [SwimAction], _ number: Int) {
        for action in actions {
            switch action {
            case .send(var message, let to):
                guard let receiver = numbers[to] else { continue }
                if liars.contains(number) { message = lie(message, number) }
                bytes += message.byteCount
                if Double.random(in: 0..<1, using: &random) < lossShare { continue }
                let delay = Duration.milliseconds(Int64.random(in: 5...60, using: &random))
                push(now + delay, .message(message, from: number, to: receiver))
            case .changed(let event):
                if event.to == .dead, let node = numbers[event.node], !liars.contains(number) {
                    deaths.append((node, number, now))
                }
            case .refuse: break
            }
        }
    }

    /// A liar accuses in its own name and in others', and denies what it was asked to help with.
    private mutating func lie(_ message: SwimMessage, _ number: Int) -> SwimMessage {
        var lie = message
        if case .indirectProbeAck(let nonce, _, let claims) = message {
            lie = .indirectProbeAck(nonce: nonce, reached: false, claims: claims)
        }
        lie.claims = (0..<7).compactMap { _ in
            let victim = Int.random(in: cores.indices, using: &random)
            let accuser = Int.random(in: cores.indices, using: &random)
            guard let known = cores[number]?.claim(about: nodeID(victim)) else { return nil }
            return suspect(victim, known.incarnation, by: accuser)
        }
        return lie
    }

    // MARK: A heap, earliest first, in the order of scheduling for equal times

    private mutating func push(_ at: Duration, _ event: Event) {
        order += 1
        queue.append((at, order, event))
        var child = queue.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            queue.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop() {
        let last = queue.removeLast()
        guard !queue.isEmpty else { return }
        queue[0] = last
        var parent = 0
        while 2 * parent + 1 < queue.count {
            var child = 2 * parent + 1
            if child + 1 < queue.count, isBefore(child + 1, child) { child += 1 }
            guard isBefore(child, parent) else { return }
            queue.swapAt(child, parent)
            parent = child
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (queue[left].at, queue[left].order) < (queue[right].at, queue[right].order)
    }
}
