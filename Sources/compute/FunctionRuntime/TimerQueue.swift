/// Timers of one context: a binary heap by due time, then by order of start.
struct TimerQueue {
    /// More running timers than this are refused.
    static let maxTimers = 10_000

    struct Timer {
        var id: Double
        /// The request on whose behalf the timer was started; 0 for none.
        var owner: UInt64
        /// Nanoseconds of the monotonic clock.
        var dueTime: UInt64
        fileprivate var sequence: UInt64
    }

    private var heap: [Timer] = []
    private var sequences: [Double: UInt64] = [:]
    private var lastSequence: UInt64 = 0

    var count: Int { sequences.count }

    /// Starts or restarts the timer `id`; false when there are too many.
    mutating func start(id: Double, owner: UInt64, dueTime: UInt64) -> Bool {
        guard sequences[id] != nil || sequences.count < Self.maxTimers else { return false }
        lastSequence += 1
        sequences[id] = lastSequence
        heap.append(Timer(id: id, owner: owner, dueTime: dueTime, sequence: lastSequence))
        siftUp(heap.count - 1)
        // Stopped timers stay in the heap until they surface; a script that only starts and stops must not grow it.
        if heap.count > 2 * Self.maxTimers { compact() }
        return true
    }

    mutating func stop(id: Double) { sequences[id] = nil }

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
        sequences[first.id] = nil
        return first
    }

    private mutating func dropStopped() {
        while let first = heap.first, sequences[first.id] != first.sequence { removeFirst() }
    }

    private mutating func compact() {
        let alive = heap.filter { sequences[$0.id] == $0.sequence }
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
