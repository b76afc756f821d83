/// News about members that are passed on with other messages: what this node found itself first, then the least told,
/// among those the newest.
///
/// Findings come first because hearsay has no end: a thousand nodes that start, or liars that accuse everybody, fill
/// every message, and a rumour that is seldom told dies out. A rumour names the member only; what is told of it is what the view says at that time.
struct RumourQueue {
    /// Rumours at most; a further one pushes out the most told. What is lost so is found by exchanging views.
    static let maxRumours = 512

    struct Rumour: Equatable {
        /// Positions in the roster.
        let member: Int
        /// For a suspicion: whose.
        let accuser: Int?
        /// This node asked the member itself and had no answer.
        let isFinding: Bool
        var told = 0

        /// The lower, the sooner it is told.
        var rank: (Int, Int) { (isFinding ? 0 : 1, told) }
    }

    /// Oldest first.
    private(set) var rumours: [Rumour] = []

    /// Adds news in place of older news of the same kind.
    mutating func add(_ member: Int, accuser: Int? = nil, isFinding: Bool = false) {
        if accuser == nil {
            remove(member)
        } else if rumours.contains(where: { $0.member == member && $0.accuser == accuser }) {
            return
        }
        if rumours.count >= RumourQueue.maxRumours,
            let victim = rumours.indices.max(by: { rumours[$0].rank < rumours[$1].rank })
        {
            rumours.remove(at: victim)
        }
        rumours.append(Rumour(member: member, accuser: accuser, isFinding: isFinding))
    }

    /// Forgets what is no longer believed.
    mutating func remove(_ member: Int) {
        if rumours.contains(where: { $0.member == member }) { rumours.removeAll { $0.member == member } }
    }

    /// The news for one message.
    ///
    /// - Parameters:
    ///   - tellings: After so many a rumour is dropped; nil if the message does not count as telling.
    ///   - excluded: Nothing about this member.
    mutating func take(_ count: Int, tellings: Int?, except excluded: Int?) -> [Rumour] {
        guard count > 0, !rumours.isEmpty else { return [] }
        var best: [Int] = []
        for index in rumours.indices.reversed() where rumours[index].member != excluded {
            if best.count == count, let last = best.last, rumours[last].rank <= rumours[index].rank { continue }
            let place = best.firstIndex { rumours[$0].rank > rumours[index].rank } ?? best.count
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        let taken = best.map { rumours[$0] }
        if let tellings {
            for index in best { rumours[index].told += 1 }
            rumours.removeAll { $0.told >= tellings }
        }
        return taken
    }

    /// Follows a change of the roster; `position` is nil for members that are gone.
    mutating func move(_ position: (Int) -> Int?) {
        rumours = rumours.compactMap { rumour in
            guard let member = position(rumour.member) else { return nil }
            let accuser = rumour.accuser.flatMap(position)
            if rumour.accuser != nil, accuser == nil { return nil }
            return Rumour(member: member, accuser: accuser, isFinding: rumour.isFinding, told: rumour.told)
        }
    }
}
