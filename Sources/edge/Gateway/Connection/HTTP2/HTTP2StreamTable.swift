import NIOHTTP2

/// The open streams of a connection in the order of their ids, which only grow.
struct HTTP2StreamTable {
    private(set) var all: [HTTP2Stream] = []

    var isEmpty: Bool { all.isEmpty }

    /// Nil for a stream that is not open.
    subscript(id: HTTP2StreamID) -> HTTP2Stream? {
        // Most frames are for the stream that came last.
        guard let last = all.last, last.id != id else { return all.last }
        let index = place(id)
        return index < all.count && all[index].id == id ? all[index] : nil
    }

    /// - Parameter stream: Its id is the largest so far.
    mutating func append(_ stream: HTTP2Stream) { all.append(stream) }

    mutating func remove(_ id: HTTP2StreamID) {
        let index = place(id)
        if index < all.count, all[index].id == id { all.remove(at: index) }
    }

    /// The first place whose id is not smaller.
    private func place(_ id: HTTP2StreamID) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
