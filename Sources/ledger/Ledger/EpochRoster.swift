import Blake3
import Identity

/// The nodes that an epoch counts with: fixed when it began, before anybody committed to its beacon.
struct EpochRoster: Sendable {
    struct Member: Sendable {
        let id: NodeID
        /// The same for nodes of one operator.
        let operatorNumber: Int
        let addressGroup: UInt32
        let weight: UInt64
    }

    private(set) var members: [Member] = []
    /// The members' ids in ascending order.
    private(set) var ids: [NodeID] = []

    init() {}

    /// - Parameter nodes: In ascending order of their ids.
    init(_ nodes: [NodeRecord]) {
        var operators: [AccountID: Int] = [:]
        for node in nodes where node.standing.weight > 0 {
            let number = operators[node.operatorAccount] ?? operators.count
            operators[node.operatorAccount] = number
            members.append(
                Member(
                    id: node.id, operatorNumber: number, addressGroup: node.standing.addressGroup,
                    weight: node.standing.weight))
            ids.append(node.id)
        }
    }

    func index(of id: NodeID) -> Int? { ids.sortedIndex(of: id) }

    /// The indices of the nodes that observe node `subject`, in ascending order.
    ///
    /// All others in a network of up to `count` others. Otherwise `count` drawn with equal chances, at most two of one
    /// operator and two of one neighbourhood; a few less where the network has not enough of either.
    func observers(of subject: Int, seed: Digest, count: Int) -> [Int] {
        guard members.count - 1 > count else { return members.indices.filter { $0 != subject } }
        var stream = DrawStream(LedgerHash.observerDraw, seed: seed, context: members[subject].id.digest.bytes)
        var chosen: [Int] = []
        chosen.reserveCapacity(count)
        for _ in 0..<(EpochRoster.drawsPerObserver * count) where chosen.count < count {
            let index = Int(stream.next(below: UInt64(members.count)))
            if index != subject, mayAlsoObserve(index, beside: chosen) { chosen.append(index) }
        }
        return chosen.sorted()
    }

    private func mayAlsoObserve(_ index: Int, beside chosen: [Int]) -> Bool {
        let (owner, group) = (members[index].operatorNumber, members[index].addressGroup)
        var (sameOwner, sameGroup) = (0, 0)
        for other in chosen {
            if other == index { return false }
            if members[other].operatorNumber == owner { sameOwner += 1 }
            if group != 0, members[other].addressGroup == group { sameGroup += 1 }
        }
        return sameOwner < EpochRoster.maxAlike && sameGroup < EpochRoster.maxAlike
    }

    /// Reports that a score of a node with so many observers needs: 12, or two thirds where there are fewer than 18.
    static func quorum(observerCount: Int) -> Int { max(1, min(12, (2 * observerCount + 2) / 3)) }

    /// Observers of one operator, or of one neighbourhood, at most.
    static let maxAlike = 2
    /// Numbers that are drawn before a draw gives up.
    static let drawsPerObserver = 16

    /// The /16 of an IPv4 address as a number from 1 on; 0 for names, for IPv6, and for loopback addresses, which say
    /// nothing about where a node is.
    static func addressGroup(ofHost host: String) -> UInt32 {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return 0 }
        var numbers: [UInt32] = []
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt8(String(decoding: part, as: UTF8.self))
            else { return 0 }
            numbers.append(UInt32(number))
        }
        return numbers[0] == 127 ? 0 : 0x1_0000 | numbers[0] << 8 | numbers[1]
    }
}
