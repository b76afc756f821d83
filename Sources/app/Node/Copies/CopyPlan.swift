import Identity
import Placement

/// Which copies of releases this node holds, and whom it asks before it takes one over or gives one up. A core.
///
/// The candidates of a name are in the same order for everybody. The first R that are able to hold a release are to hold it;
/// a node is able unless it says that it is full, and, asked for this release, that it neither has it nor room for it. A
/// node that is not among them any more keeps its copy until each of them has said, since then, that it has the release and
/// keeps it: so views that differ for a while make a copy too many, never one too few. Times are those of a clock that only
/// goes forwards.
struct CopyPlan: Sendable {
    enum Role: Hashable, Sendable {
        /// Fetches what it lacks, and keeps what it has.
        case home
        /// Is not to hold it, and keeps what it has until others hold it.
        case leaving
        case none
    }

    struct Question: Hashable, Sendable {
        let node: NodeID
        let copy: ReleaseCopy
    }

    /// What decides about one copy besides what other nodes say of it.
    struct View: Sendable {
        /// In order of preference.
        var candidates: [NodeID]
        /// Copies that there are to be.
        var count: Int
        /// Nodes that say that they are full.
        var full: Set<NodeID>
        /// Whether this node has room for what it lacks of it.
        var hasRoom = true
        /// Whether this node holds it, or some of it.
        var isHeld = false
    }

    struct Decision: Hashable, Sendable {
        var role: Role
        /// Whether this node is to hold it, or would be if it had room.
        var isWanted: Bool
    }

    private struct Entry: Sendable {
        var askedAt: Duration?
        var status: CopyStatus?
        var answeredAt = Duration.zero

        /// An answer that did not come, or may well change, is asked for again soon.
        var pause: Duration {
            guard let status, let askedAt, answeredAt >= askedAt, status.isReady && status.keeps || !status.hasRoom
            else { return CopyPlan.retryPause }
            return CopyPlan.answerLife
        }
    }

    /// A settled answer is asked for again after this.
    static let answerLife = Duration.seconds(60)
    static let retryPause = Duration.seconds(10)
    /// Questions that are asked in one go; the others come later, the longest unasked first.
    static let maxQuestions = 128

    let node: NodeID
    private var entries: [Question: Entry] = [:]
    private var leavingSince: [ReleaseCopy: Duration] = [:]
    /// Those of this round.
    private var questions: Set<Question> = []
    private var leaving: Set<ReleaseCopy> = []

    init(node: NodeID) { self.node = node }

    /// Copies that this node keeps until others hold them.
    var leavingCount: Int { leavingSince.count }

    /// Questions that are remembered with their answers.
    var questionCount: Int { entries.count }

    /// Decides about all copies anew: ``decide(_:_:now:)`` for each, then ``endRound()``.
    mutating func beginRound() {
        questions = []
        leaving = []
    }

    mutating func decide(_ copy: ReleaseCopy, _ view: View, now: Duration) -> Decision {
        let rank = view.candidates.firstIndex(of: node)
        if let rank, rank < view.count { return Decision(role: .home, isWanted: true) }
        guard rank != nil || view.isHeld else { return Decision(role: .none, isWanted: false) }
        let isWanted = rank != nil && homes(of: copy, view, isSelfAble: true).contains(node)
        if isWanted, view.hasRoom { return Decision(role: .home, isWanted: true) }
        guard view.isHeld else { return Decision(role: .none, isWanted: isWanted) }
        leaving.insert(copy)
        let homes = homes(of: copy, view, isSelfAble: false)
        let isNew = leavingSince[copy] == nil
        let since = leavingSince[copy] ?? now
        leavingSince[copy] = since
        // Where there are fewer candidates than copies wanted, nobody is superfluous.
        var isHeldElsewhere = homes.count == view.count
        for home in homes {
            let question = Question(node: home, copy: copy)
            questions.insert(question)
            if isNew { entries[question]?.askedAt = nil }
            let entry = entries[question]
            let status = entry.flatMap { $0.answeredAt >= since ? $0.status : nil }
            let isFresh = now - (entry?.answeredAt ?? .zero) <= CopyPlan.answerLife + CopyPlan.retryPause
            if status?.isReady != true || status?.keeps != true || !isFresh { isHeldElsewhere = false }
        }
        if isHeldElsewhere { leaving.remove(copy) }
        return Decision(role: isHeldElsewhere ? .none : .leaving, isWanted: isWanted)
    }

    /// Forgets what is no longer asked about.
    mutating func endRound() {
        entries = entries.filter { questions.contains($0.key) }
        leavingSince = leavingSince.filter { leaving.contains($0.key) }
    }

    /// The questions that are due, which count as asked from now on.
    mutating func takeQuestions(now: Duration) -> [Question] {
        let due = questions.filter { question in
            guard let entry = entries[question], let askedAt = entry.askedAt else { return true }
            return now - askedAt >= entry.pause
        }
        let order = due.map { (at: entries[$0]?.askedAt ?? .seconds(-1), question: $0) }.sorted { $0.at < $1.at }
        let taken = order.prefix(CopyPlan.maxQuestions).map(\.question)
        for question in taken { entries[question, default: Entry()].askedAt = now }
        return taken
    }

    /// - Parameter status: Nil if there was no answer: then an earlier one stands.
    mutating func note(_ status: CopyStatus?, to question: Question, now: Duration) {
        guard let status, entries[question] != nil else { return }
        entries[question]?.status = status
        entries[question]?.answeredAt = now
    }

    /// The nodes that are to hold a copy, as far as this one knows. Until a full one has answered, it counts as able: to
    /// take over its copies because it cannot be reached would move all that it holds.
    private mutating func homes(of copy: ReleaseCopy, _ view: View, isSelfAble: Bool) -> [NodeID] {
        var asked: Set<Question> = []
        let homes = Rendezvous.replicas(among: view.candidates, count: view.count) { other in
            if other == node { return isSelfAble }
            guard view.full.contains(other) else { return true }
            let question = Question(node: other, copy: copy)
            asked.insert(question)
            return entries[question]?.status?.hasRoom ?? true
        }
        questions.formUnion(asked)
        return homes
    }
}
