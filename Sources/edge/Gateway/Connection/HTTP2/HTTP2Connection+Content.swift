/// Content that is read for answers of one connection and that the client has not taken yet.
struct HTTP2Content {
    private let limit: Int
    private var byteCount = 0
    /// Streams that want to read, in the order in which they asked. Some may be gone.
    private var waiting: [HTTP2Stream] = []
    /// The one whose turn it is.
    private var admitted: HTTP2Stream?

    init(limit: Int) { self.limit = limit }

    /// Notes that `stream` holds so many bytes more, if there is room and nobody was there before it. A single piece
    /// always has room.
    mutating func hold(_ byteCount: Int, for stream: HTTP2Stream) -> Bool {
        if waiting.isEmpty || stream === admitted, hasRoom(byteCount) {
            self.byteCount += byteCount
            return true
        }
        stream.wantedBytes = byteCount
        if !stream.waitsForRoom {
            stream.waitsForRoom = true
            waiting.append(stream)
        }
        return false
    }

    mutating func letGo(_ byteCount: Int) { self.byteCount -= byteCount }

    /// The next stream for which there is room now. Until it is called again nobody else goes before those that wait.
    mutating func next() -> HTTP2Stream? {
        admitted = nil
        guard let first = waiting.first, hasRoom(first.wantedBytes) else { return nil }
        waiting.removeFirst()
        first.waitsForRoom = false
        admitted = first
        return first
    }

    var isAdmitting: Bool { admitted != nil }

    mutating func removeAll() { waiting = [] }

    private func hasRoom(_ byteCount: Int) -> Bool { self.byteCount == 0 || self.byteCount + byteCount <= limit }
}

extension HTTP2Connection {
    /// A stream lets go of content, and others may read.
    func letGo(_ byteCount: Int) {
        content.letGo(byteCount)
        guard !content.isAdmitting, context != nil else { return }
        while let stream = content.next() { stream.pump?.run() }
    }
}
