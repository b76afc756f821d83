/// What happens when: a heap of times with four children a parent, and the payloads beside it so that moving an entry
/// moves 24 bytes. Payloads of equal times come out in the order in which they went in.
package struct EventQueue<Payload> {
    private struct Entry {
        var time: Int64
        var order: UInt64
        var slot: Int

        func comesBefore(_ other: Entry) -> Bool {
            time < other.time || (time == other.time && order < other.order)
        }
    }

    private static var fanOut: Int { 4 }

    private var heap: [Entry] = []
    private var payloads: [Payload?] = []
    private var freeSlots: [Int] = []
    private var order: UInt64 = 0

    package init() {}

    package var count: Int { heap.count }

    /// The time of what `pop` returns next.
    package var nextTime: Int64? { heap.first?.time }

    package mutating func push(_ payload: Payload, at time: Int64) {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            payloads[slot] = payload
        } else {
            slot = payloads.count
            payloads.append(payload)
        }
        order += 1
        let entry = Entry(time: time, order: order, slot: slot)
        heap.append(entry)
        rise(entry, from: heap.count - 1)
    }

    /// Takes out the earliest payload.
    package mutating func pop() -> (time: Int64, payload: Payload)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        guard let payload = payloads[first.slot].take() else { return nil }
        freeSlots.append(first.slot)
        return (first.time, payload)
    }

    private mutating func rise(_ entry: Entry, from start: Int) {
        heap.withUnsafeMutableBufferPointer { heap in
            var index = start
            while index > 0 {
                let parent = (index - 1) / Self.fanOut
                guard entry.comesBefore(heap[parent]) else { break }
                heap[index] = heap[parent]
                index = parent
            }
            heap[index] = entry
        }
    }

    private mutating func sink(_ entry: Entry) {
        heap.withUnsafeMutableBufferPointer { heap in
            var index = 0
            while true {
                let first = index * Self.fanOut + 1
                guard first < heap.count else { break }
                var least = first
                for child in first..<min(first + Self.fanOut, heap.count) where heap[child].comesBefore(heap[least]) {
                    least = child
                }
                guard heap[least].comesBefore(entry) else { break }
                heap[index] = heap[least]
                index = least
            }
            heap[index] = entry
        }
    }
}
