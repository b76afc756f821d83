import Blake3
import Identity
import Ledger
import Placement
import Testing

@testable import Node

private func node(_ number: Int) -> NodeID { NodeID(Blake3.hash([1, UInt8(number)])) }

private func copy(_ number: Int) -> ReleaseCopy {
    let name = AppName("app-\(number)") ?? { preconditionFailure("a name") }()
    let manifest = BlobID(Blake3.hash([2, UInt8(number)]))
    let publisher = AccountID(Blake3.hash([3]))
    return ReleaseCopy(
        name: name, release: ReleaseID(name: name, manifest: manifest, publisher: publisher, nonce: 1),
        manifest: manifest)
}

struct CopyPlanTests {
    private let release = copy(0)
    private let all = (0..<6).map(node)

    /// Candidates 0, 1, 2 … of which two are to hold a copy.
    private func view(full: [Int] = [], hasRoom: Bool = true, isHeld: Bool = false) -> CopyPlan.View {
        CopyPlan.View(candidates: all, count: 2, full: Set(full.map(node)), hasRoom: hasRoom, isHeld: isHeld)
    }

    private func decide(_ plan: inout CopyPlan, _ view: CopyPlan.View, at now: Duration = .zero) -> CopyPlan.Role {
        plan.beginRound()
        defer { plan.endRound() }
        return plan.decide(release, view, now: now).role
    }

    private func ask(_ plan: inout CopyPlan, at now: Duration, _ answer: (NodeID) -> CopyStatus?) -> Set<NodeID> {
        let questions = plan.takeQuestions(now: now)
        for question in questions { plan.note(answer(question.node), to: question, now: now) }
        return Set(questions.map(\.node))
    }

    @Test("Without full nodes the first hold the copy, and nobody is asked")
    func plain() {
        for number in 0..<6 {
            var plan = CopyPlan(node: node(number))
            #expect(decide(&plan, view()) == (number < 2 ? .home : .none))
            #expect(plan.takeQuestions(now: .zero) == [])
        }
    }

    @Test("The next node stands in for a full one once that says that it has no room for the release")
    func standingIn() {
        var plan = CopyPlan(node: node(2))
        #expect(decide(&plan, view(full: [0])) == .none, "It may hold the release since before")
        #expect(ask(&plan, at: .zero) { _ in nil } == [node(0)])
        #expect(decide(&plan, view(full: [0]), at: .seconds(1)) == .none, "It cannot be reached")
        #expect(ask(&plan, at: .seconds(9)) { _ in nil } == [])
        #expect(ask(&plan, at: .seconds(10)) { _ in CopyStatus(isReady: true, keeps: true) } == [node(0)])
        #expect(decide(&plan, view(full: [0]), at: .seconds(11)) == .none, "It has the release")
        #expect(ask(&plan, at: .seconds(69)) { _ in nil } == [])
        #expect(ask(&plan, at: .seconds(70)) { _ in CopyStatus(hasRoom: false, keeps: true) } == [node(0)])
        #expect(decide(&plan, view(full: [0]), at: .seconds(71)) == .home)
        // The one behind it is not needed, and asks only those that are full.
        var next = CopyPlan(node: node(3))
        #expect(decide(&next, view(full: [0])) == .none)
        #expect(ask(&next, at: .zero) { _ in CopyStatus(hasRoom: false) } == [node(0)])
        #expect(decide(&next, view(full: [0])) == .none)
    }

    @Test("A node that should stand in and has no room is passed over too, and says that it lacks room")
    func passedOver() {
        var plan = CopyPlan(node: node(2))
        _ = decide(&plan, view(full: [1], hasRoom: false))
        _ = ask(&plan, at: .zero) { _ in CopyStatus(hasRoom: false) }
        plan.beginRound()
        #expect(
            plan.decide(release, view(full: [1], hasRoom: false), now: .zero)
                == CopyPlan.Decision(role: .none, isWanted: true))
        plan.endRound()
        var next = CopyPlan(node: node(3))
        for unable in 1...2 {
            #expect(decide(&next, view(full: [1, 2])) == .none)
            #expect(ask(&next, at: .zero) { _ in CopyStatus(hasRoom: false) } == [node(unable)])
        }
        #expect(decide(&next, view(full: [1, 2])) == .home)
        // One of the first never stops trying.
        var first = CopyPlan(node: node(1))
        #expect(decide(&first, view(full: [1], hasRoom: false)) == .home)
    }

    @Test("A copy too many stays until all that are to hold the release have said that they do")
    func givingUp() {
        var plan = CopyPlan(node: node(2))
        #expect(decide(&plan, view(isHeld: true)) == .leaving)
        #expect(
            ask(&plan, at: .zero) { CopyStatus(isReady: $0 == node(0), keeps: true) } == [node(0), node(1)])
        #expect(decide(&plan, view(isHeld: true)) == .leaving)
        #expect(ask(&plan, at: .seconds(10)) { _ in CopyStatus(isReady: true, keeps: false) } == [node(1)])
        #expect(decide(&plan, view(isHeld: true), at: .seconds(10)) == .leaving, "It may be about to give it up itself")
        #expect(ask(&plan, at: .seconds(20)) { _ in CopyStatus(isReady: true, keeps: true) } == [node(1)])
        #expect(decide(&plan, view(isHeld: true), at: .seconds(20)) == .none)
        #expect(plan.leavingCount == 0)
    }

    @Test("What a node said before the copy was one too many, or long ago, is no reason to give it up")
    func oldAnswers() {
        var plan = CopyPlan(node: node(2))
        _ = decide(&plan, view(isHeld: true))
        _ = ask(&plan, at: .zero) { _ in CopyStatus(isReady: true, keeps: true) }
        #expect(decide(&plan, view(isHeld: true), at: .seconds(71)) == .leaving, "The answers are old")
        // In between it is to hold the copy: the two in front are full, and the second lacks it.
        let full = view(full: [0, 1], isHeld: true)
        #expect(
            ask(&plan, at: .seconds(71)) { node in
                let isFirst = node == all[0]
                return CopyStatus(isReady: isFirst, hasRoom: isFirst, keeps: true)
            } == [node(0), node(1)])
        #expect(decide(&plan, full, at: .seconds(72)) == .home)
        #expect(plan.leavingCount == 0)
        #expect(decide(&plan, view(isHeld: true), at: .seconds(73)) == .leaving)
        #expect(
            ask(&plan, at: .seconds(73)) { $0 == all[1] ? CopyStatus(isReady: true, keeps: true) : nil }
                == [node(0), node(1)])
        #expect(decide(&plan, view(isHeld: true), at: .seconds(74)) == .leaving, "The first may have left since")
        #expect(ask(&plan, at: .seconds(83)) { _ in CopyStatus(isReady: true, keeps: true) } == [node(0)])
        #expect(decide(&plan, view(isHeld: true), at: .seconds(83)) == .none)
    }

    @Test("With fewer nodes than copies nobody is superfluous, and what is not asked any more is forgotten")
    func bounds() {
        var plan = CopyPlan(node: node(2))
        var few = view(isHeld: true)
        few.candidates = [node(0)]
        #expect(decide(&plan, few) == .leaving)
        _ = ask(&plan, at: .zero) { _ in CopyStatus(isReady: true, keeps: true) }
        #expect(decide(&plan, few) == .leaving)
        #expect(plan.questionCount == 1)
        #expect(decide(&plan, view()) == .none)
        #expect(plan.questionCount == 0 && plan.leavingCount == 0)

        plan.beginRound()
        let copies = (0..<CopyPlan.maxQuestions).map(copy)
        for copy in copies { _ = plan.decide(copy, view(isHeld: true), now: .zero) }
        plan.endRound()
        let first = plan.takeQuestions(now: .zero)
        #expect(first.count == CopyPlan.maxQuestions)
        let others = plan.takeQuestions(now: .zero)
        #expect(others.count == CopyPlan.maxQuestions)
        #expect(Set(first).isDisjoint(with: others))
        #expect(plan.takeQuestions(now: .zero) == [])
    }
}

/// Nodes that fill up and get room again, see each other's state late, and hear from each other now and then.
private struct CopyWorld {
    static let count = 3
    let nodes = (0..<9).map(node)
    let copies = (0..<12).map(copy)
    let order: [ReleaseCopy: [NodeID]]
    var random: SeededNumbers
    var now = Duration.zero
    var plans: [CopyPlan]
    /// Takes nothing new.
    var isClosed: [Bool]
    var isFull: [Bool]
    /// Whom each believes to be full.
    var views: [Set<NodeID>]
    var held: [Set<ReleaseCopy>]
    var ready: [Set<ReleaseCopy>]
    var homes: [Set<ReleaseCopy>]

    init(seed: UInt64) {
        random = SeededNumbers(state: seed)
        plans = nodes.map { CopyPlan(node: $0) }
        let nodes = nodes
        order = Dictionary(
            uniqueKeysWithValues: copies.map {
                ($0, Rendezvous.candidates(nodes, for: $0.name.description, count: Self.count))
            })
        (isClosed, isFull) = (nodes.map { _ in false }, nodes.map { _ in false })
        views = nodes.map { _ in [] }
        (held, ready, homes) = (nodes.map { _ in [] }, nodes.map { _ in [] }, nodes.map { _ in [] })
        for copy in copies {
            for (number, node) in nodes.enumerated() where candidates(copy).prefix(Self.count).contains(node) {
                held[number].insert(copy)
                ready[number].insert(copy)
            }
        }
    }

    func candidates(_ copy: ReleaseCopy) -> [NodeID] { order[copy] ?? [] }

    func holders(_ copy: ReleaseCopy) -> Int { ready.count { $0.contains(copy) } }

    /// A second passes.
    mutating func step() {
        now += .seconds(1)
        for number in nodes.indices {
            for other in nodes.indices where Int.random(in: 0..<4, using: &random) == 0 {
                if isFull[other] { views[number].insert(nodes[other]) } else { views[number].remove(nodes[other]) }
            }
        }
        for number in nodes.indices.shuffled(using: &random) where Bool.random(using: &random) {
            place(number)
            for question in plans[number].takeQuestions(now: now) {
                guard Int.random(in: 0..<5, using: &random) > 0, let other = nodes.firstIndex(of: question.node) else {
                    continue
                }
                plans[number].note(status(question.copy, at: other), to: question, now: now)
            }
        }
    }

    private func status(_ copy: ReleaseCopy, at number: Int) -> CopyStatus {
        let isReady = ready[number].contains(copy)
        return CopyStatus(
            isReady: isReady, hasRoom: isReady || !isClosed[number], keeps: homes[number].contains(copy))
    }

    private mutating func place(_ number: Int) {
        plans[number].beginRound()
        homes[number] = []
        isFull[number] = isClosed[number]
        for copy in copies {
            let isReady = ready[number].contains(copy)
            let decision = plans[number].decide(
                copy,
                CopyPlan.View(
                    candidates: candidates(copy), count: Self.count, full: views[number],
                    hasRoom: isReady || !isClosed[number], isHeld: held[number].contains(copy)), now: now)
            switch decision.role {
            case .home:
                homes[number].insert(copy)
                held[number].insert(copy)
                if !isClosed[number], holders(copy) > 0 { ready[number].insert(copy) }
            case .leaving: break
            case .none:
                held[number].remove(copy)
                ready[number].remove(copy)
            }
        }
        plans[number].endRound()
    }

    /// The disk of one node is gone: it has nothing any more.
    mutating func lose(_ number: Int) { (held[number], ready[number]) = ([], []) }
}

private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct CopyWorldTests {
    @Test(
        "Nodes that fill up and get room again never leave a copy too few, nor one too many for long", arguments: 1...4
    )
    func converges(seed: UInt64) {
        var world = CopyWorld(seed: seed)
        var fewest = Int.max
        for _ in 0..<600 {
            world.step()
            if Int.random(in: 0..<10, using: &world.random) == 0 {
                let number = Int.random(in: world.nodes.indices, using: &world.random)
                world.isClosed[number].toggle()
            }
            fewest = min(fewest, world.copies.map(world.holders).min() ?? 0)
        }
        #expect(fewest == CopyWorld.count, "seed \(seed)")

        // A node loses all that it has, while three others take nothing new.
        for number in world.nodes.indices { world.isClosed[number] = number < 3 }
        world.lose(2)
        for _ in 0..<400 { world.step() }
        for copy in world.copies { #expect(world.holders(copy) == CopyWorld.count, "seed \(seed)") }
        #expect(world.plans.allSatisfy { $0.leavingCount == 0 }, "seed \(seed)")

        for number in world.nodes.indices { world.isClosed[number] = false }
        for _ in 0..<400 { world.step() }
        for copy in world.copies {
            let first = world.candidates(copy).prefix(CopyWorld.count)
            #expect(
                Set(world.nodes.indices.filter { world.ready[$0].contains(copy) }.map { world.nodes[$0] })
                    == Set(first),
                "seed \(seed)")
        }
    }
}

struct RoomLevelTests {
    @Test(
        "Full below a twentieth of the capacity, with room again from a tenth on, and from 1 and 2 GiB on large disks")
    func levels() {
        var level = RoomLevel()
        let steps: [(free: Int, isFull: Bool)] = [
            (1_000, false), (50, false), (49, true), (0, true), (-9, true), (50, true), (99, true), (100, false),
            (60, false), (49, true), (1_000, false),
        ]
        for step in steps {
            level.note(freeBytes: step.free, capacityBytes: 1_000)
            #expect(level.isFull == step.isFull, "\(step)")
        }
        level.note(freeBytes: (1 << 30) - 1, capacityBytes: .max)
        #expect(level.isFull)
        level.note(freeBytes: 2 << 30, capacityBytes: .max)
        #expect(!level.isFull)
        for capacity in [Int.min, 0, 1, .max] {
            for free in [Int.min, 0, .max] { level.note(freeBytes: free, capacityBytes: capacity) }
        }
    }
}
