package import Identity

/// All known nodes in the order of their ids, which is a binary trie without pointers: the nodes under a prefix are
/// neighbours. The nearest nodes to a key are found by walking that trie, without looking at the others.
package struct Keyspace: Sendable {
    /// A node and whom it depends on.
    package struct Member: Hashable, Sendable {
        package let id: NodeID
        package let operatorID: AccountID
        package let addressGroup: String

        package init(id: NodeID, operatorID: AccountID, addressGroup: String) {
            self.id = id
            self.operatorID = operatorID
            self.addressGroup = addressGroup
        }
    }

    /// A node's operator and address group as small numbers, which are quick to compare.
    package struct Kin: Hashable, Sendable {
        let operatorTag: Int32
        let groupTag: Int32
    }

    /// The operators and address groups of some nodes.
    private struct Kinship {
        private var operators: [Int32] = []
        private var groups: [Int32] = []

        var count: Int { operators.count }

        /// Whether the node shares neither with those that were added before; it is added if so.
        mutating func add(_ kin: Kin) -> Bool {
            guard !operators.contains(kin.operatorTag), !groups.contains(kin.groupTag) else { return false }
            operators.append(kin.operatorTag)
            groups.append(kin.groupTag)
            return true
        }
    }

    private struct Place: Sendable {
        let position: Position
        let id: NodeID
        let kin: Kin
    }

    /// How many times the replicas are looked at to find distinct operators and address groups.
    private static let diversityWindow = 16

    private let places: [Place]

    /// Members with an id that occurred before are ignored.
    package init(_ members: some Sequence<Member>) {
        var operators: [AccountID: Int32] = [:]
        var groups: [String: Int32] = [:]
        var seen: Set<NodeID> = []
        var places: [Place] = []
        for member in members where seen.insert(member.id).inserted {
            let operatorTag = operators[member.operatorID] ?? Int32(operators.count)
            operators[member.operatorID] = operatorTag
            let groupTag = groups[member.addressGroup] ?? Int32(groups.count)
            groups[member.addressGroup] = groupTag
            places.append(
                Place(
                    position: Position(member.id.digest), id: member.id,
                    kin: Kin(operatorTag: operatorTag, groupTag: groupTag)))
        }
        places.sort { $0.position < $1.position }
        self.places = places
    }

    /// The number of nodes.
    package var count: Int { places.count }

    /// The `count` nodes nearest to `key` that are usable, nearest first.
    package func nearest(to key: Position, count: Int, where isUsable: (NodeID) -> Bool) -> [NodeID] {
        var found: [NodeID] = []
        guard count > 0 else { return found }
        found.reserveCapacity(min(count, places.count))
        walk(from: key) { place in
            if isUsable(place.id) { found.append(place.id) }
            return found.count < count
        }
        return found
    }

    /// The `count` nodes that keep the records of `key`, nearest first: the nearest usable ones of distinct operators
    /// and address groups; then, where there are not enough of those, the nearest others.
    package func replicas(of key: Position, count: Int, where isUsable: (NodeID) -> Bool) -> [NodeID] {
        guard count > 0 else { return [] }
        var window: [(place: Place, isChosen: Bool)] = []
        var chosen = Kinship()
        walk(from: key) { place in
            guard isUsable(place.id) else { return true }
            window.append((place, chosen.add(place.kin)))
            return chosen.count < count && window.count < Keyspace.diversityWindow * count
        }
        var missing = count - chosen.count
        for index in window.indices where missing > 0 && !window[index].isChosen {
            window[index].isChosen = true
            missing -= 1
        }
        return window.filter(\.isChosen).map(\.place.id)
    }

    /// Whom a node depends on; nil if it is not here.
    package func kin(of node: NodeID) -> Kin? {
        let position = Position(node.digest)
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low].id == node ? places[low].kin : nil
    }

    /// Whether `node` may take a record of `key`: whether it is among the ``replicas(of:count:where:)``, or could be in
    /// a view in which up to `slack` times as many nodes are nearer to the key.
    ///
    /// As with replicas, nodes with an operator or address group of a nearer one hardly count: those who gather ids
    /// around a key push nobody out. The node's own operator and group do not count at all, since a nearer node that
    /// shares them may be unknown or dead to the sender.
    package func isReplica(
        _ node: NodeID, of key: Position, count: Int, slack: Int, where isUsable: (NodeID) -> Bool
    ) -> Bool {
        let own = Position(node.digest).distance(to: key)
        let limit = count * slack
        var distinct = Kinship()
        var nearer = 0
        walk(from: key) { place in
            guard place.position.distance(to: key) < own else { return false }
            guard isUsable(place.id) else { return true }
            nearer += 1
            _ = distinct.add(place.kin)
            return distinct.count < limit && nearer < Keyspace.diversityWindow * limit
        }
        return distinct.count < limit && nearer < Keyspace.diversityWindow * limit
    }

    /// Visits the nodes in the order of their distance from `key` until `visit` returns false.
    private func walk(from key: Position, _ visit: (Place) -> Bool) {
        guard !places.isEmpty else { return }
        // Ranges yet to visit, the nearest on top: all nodes of a range are nearer than those of the ranges below it.
        var ranges: [(low: Int, high: Int)] = [(0, places.count)]
        ranges.reserveCapacity(64)
        while let range = ranges.popLast() {
            guard range.high - range.low > 1 else {
                if !visit(places[range.low]) { return }
                continue
            }
            let spread = places[range.low].position.distance(to: places[range.high - 1].position)
            let bit = spread.leadingZeroBitCount
            var low = range.low
            var high = range.high
            while low < high {
                let middle = (low + high) / 2
                if places[middle].position.bit(bit) { high = middle } else { low = middle + 1 }
            }
            if key.bit(bit) {
                ranges.append((range.low, low))
                ranges.append((low, range.high))
            } else {
                ranges.append((low, range.high))
                ranges.append((range.low, low))
            }
        }
    }
}
