import NIOCore
import Wire

/// Requests to one peer: which wait for their turn, and which are on the wire. The core of a connection's outbound
/// half.
///
/// `Tag` is what the owner remembers by request.
struct RequestQueue<Tag> {
    /// A request that was not sent yet.
    struct Waiting {
        let type: FrameType
        let body: ByteBuffer
        let tag: Tag
    }

    private let maxInFlight: Int
    private let maxCalls: Int
    private let maxTotal: Int
    private var control = CircularBuffer<Waiting>()
    private var bulk = CircularBuffer<Waiting>()
    private var calls = CircularBuffer<Waiting>()
    /// Requests on the wire.
    private(set) var inFlight: [UInt32: Tag] = [:]
    /// Those of `inFlight` whose answer takes as long as somebody's code.
    private var callsInFlight: Set<UInt32> = []
    private var lastID: UInt32 = 0

    /// - Parameters:
    ///   - maxInFlight: Requests on the wire at once, calls of functions apart; at least 1.
    ///   - maxCalls: Calls of functions on the wire at once; at least 1.
    ///   - maxTotal: Requests on the wire and waiting.
    init(maxInFlight: Int, maxCalls: Int = 1, maxTotal: Int) {
        self.maxInFlight = max(1, maxInFlight)
        self.maxCalls = max(1, maxCalls)
        self.maxTotal = maxTotal
    }

    /// Requests without an answer.
    var count: Int { control.count + bulk.count + calls.count + inFlight.count }

    /// Takes a request; false if there are too many already.
    mutating func add(_ request: Waiting) -> Bool {
        guard count < maxTotal else { return false }
        if request.type.waitsForCode {
            calls.append(request)
        } else if request.type.asksForBlock {
            bulk.append(request)
        } else {
            control.append(request)
        }
        return true
    }

    /// The next request to send, control before bulk, and its id; nil if none waits or the wire is full.
    mutating func next() -> (id: UInt32, request: Waiting)? {
        if inFlight.count - callsInFlight.count < maxInFlight, let request = control.popFirst() ?? bulk.popFirst() {
            return (take(request), request)
        }
        guard callsInFlight.count < maxCalls, let request = calls.popFirst() else { return nil }
        let id = take(request)
        callsInFlight.insert(id)
        return (id, request)
    }

    private mutating func take(_ request: Waiting) -> UInt32 {
        // 0 belongs to hello and ping.
        repeat { lastID &+= 1 } while lastID == 0 || inFlight[lastID] != nil
        inFlight[lastID] = request.tag
        return lastID
    }

    /// Takes back the first request that `isMeant`, with its id if it is on the wire.
    mutating func take(where isMeant: (Tag) -> Bool) -> (id: UInt32?, tag: Tag)? {
        if let (id, tag) = inFlight.first(where: { isMeant($0.value) }) {
            return (id, remove(id) ?? tag)
        }
        if let index = bulk.firstIndex(where: { isMeant($0.tag) }) { return (nil, bulk.remove(at: index).tag) }
        if let index = calls.firstIndex(where: { isMeant($0.tag) }) { return (nil, calls.remove(at: index).tag) }
        if let index = control.firstIndex(where: { isMeant($0.tag) }) { return (nil, control.remove(at: index).tag) }
        return nil
    }

    /// Changes what is remembered about a request on the wire.
    mutating func update(_ id: UInt32, _ tag: Tag) {
        if inFlight[id] != nil { inFlight[id] = tag }
    }

    /// Ends a request on the wire; nil if there is none with that id.
    mutating func remove(_ id: UInt32) -> Tag? {
        callsInFlight.remove(id)
        return inFlight.removeValue(forKey: id)
    }

    /// Ends all requests.
    mutating func removeAll() -> [Tag] {
        defer { self = RequestQueue(maxInFlight: maxInFlight, maxCalls: maxCalls, maxTotal: maxTotal) }
        return inFlight.values + control.map(\.tag) + bulk.map(\.tag) + calls.map(\.tag)
    }
}
