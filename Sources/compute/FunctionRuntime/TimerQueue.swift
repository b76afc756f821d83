/// Timers: a binary heap by due time, then by order of start.
struct TimerQueue {
    /// More running timers than this are refused.
    static let maxTimers = 10_000

    /// Which timer: each context counts its own.
    struct Key: Hashable {
        /// The request whose context it is; 0 for the main one.
        var realm: UInt64
        var id: Double
    }

    struct Timer {
        var key: Key
        /// The request on whose behalf the timer was started; 0 for none.
        var owner: UInt64
        /// Nanoseconds of the monotonic clock.
        var dueTime: UInt64
        fileprivate var sequence: UInt64
    }

    private var heap: [Timer] = []
    private var sequences: [Key: UInt64] = [:]
    private var lastSequence: UInt64 = 0

    var count: Int { sequences.count }

    /// Starts or restarts a timer; false when there are too many.
    mutating func start(_ key: Key, owner: UInt64, dueTime: UInt64) -> Bool {
        guard sequences[key] != nil || sequences.count < Self.maxTimers else { return false }
        lastSequence += 1
        sequences[key] = lastSequence
        heap.append(Timer(key: key, owner: owner, dueTime: dueTime, sequence: lastSequence))
        siftUp(heap.count - 1)
        // Stopped timers stay in the heap until they surface; a script that only starts and stops must not grow it.
        if heap.count > 2 * Self.maxTimers { compact() }
        return true
    }

    mutating func stop(_ key: Key) { sequences[key] = nil }

    /// Stops all timers of a context that goes.
    mutating func stopAll(of realm: UInt64) {
        guard sequences.keys.contains(where: { $0.realm == realm }) else { return }
        sequences = sequences.filter { $0.key.realm != realm }
    }

    /// Due time of the first timer.
    mutating func nextDueTime() -> UInt64? {
        dropStopped()
        return heap.first?.dueTime
    }

    /// Removes and returns the first timer that is due.
    mutating func popDue(now: UInt64) -> Timer? {
        dropStopped()
        guard let first = heap.first, first.dueTime <= now else { return nil }
        removeFirst()
        sequences[first.key] = nil
        return first
    }

    private mutating func dropStopped() {
        while let first = heap.first, sequences[first.key] != first.sequence { removeFirst() }
    }

    private mutating func compact() {
        let alive = heap.filter { sequences[$0.key] == $0.sequence }
        heap = alive.sorted(by: Self.precedes)
    }

    private static func precedes(_ left: Timer, _ right: Timer) -> Bool {
        (left.dueTime, left.sequence) < (right.dueTime, right.sequence)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if Self.precedes(heap[child], heap[least]) { least = child }
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard Self.precedes(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }
}
