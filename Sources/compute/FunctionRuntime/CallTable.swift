/// The host calls that a worker has open.
struct CallTable {
    /// Calls that may be open at once, of all requests together.
    static let maxOpen = 128

    private struct Call {
        let owner: UInt64
        /// The result is there and only its body still comes.
        var hasResult = false
    }

    private var calls: [UInt64: Call] = [:]
    private var lastID: UInt64 = 1

    var isEmpty: Bool { calls.isEmpty }
    var isFull: Bool { calls.count >= Self.maxOpen }

    /// Opens a call; nil when too many are open.
    mutating func begin(owner: UInt64) -> UInt64? {
        guard calls.count < Self.maxOpen else { return nil }
        lastID += 2
        calls[lastID] = Call(owner: owner)
        return lastID
    }

    /// On whose behalf the call was made; nil when it is over.
    func owner(of id: UInt64) -> UInt64? { calls[id]?.owner }

    /// Notes the result; false when the call is over or has one.
    mutating func takeResult(_ id: UInt64, continues: Bool) -> Bool {
        guard let call = calls[id], !call.hasResult else { return false }
        calls[id]?.hasResult = true
        if !continues { calls[id] = nil }
        return true
    }

    mutating func end(_ id: UInt64) { calls[id] = nil }

    /// The calls whose owners do not satisfy `isKnown`.
    func orphans(_ isKnown: (UInt64) -> Bool) -> [UInt64] {
        calls.filter { $0.value.owner != 0 && !isKnown($0.value.owner) }.keys.sorted()
    }
}
