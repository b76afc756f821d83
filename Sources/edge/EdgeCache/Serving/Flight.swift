import HTTPCache
import Identity
import NIOCore
import Origins
import Streams
import Synchronization

/// One request to the origin, or to the node that asks it, and all who wait for its answer.
final class Flight: Sendable {
    /// What came of it.
    enum Outcome: Sendable {
        /// An answer that is being stored, and that everybody it suits may have.
        case arriving(Arrival)
        /// What is stored now answers: it was validated, or is whole on another node.
        case stored(StoredResponse, wasValidated: Bool)
        /// An answer for whoever asked first. Others ask themselves.
        case passed(Pass)
        /// The origin answered with an error in whose place a stored answer serves.
        case failing(ServePlan)
        /// There is no answer.
        case failed(any Error)
    }

    /// A body on its way into the store.
    struct Arrival: Sendable {
        let record: StoredResponse
        /// As it was received.
        let head: ResponseHead
        let spool: Spool
        /// The bytes of the body that come; nil for all.
        var part: Range<Int64>?
        /// Bytes of the body; nil while nobody knows.
        let length: Int?
        let provenance: Provenance
    }

    /// An answer that is not stored.
    struct Pass: Sendable {
        var head: ResponseHead
        var body: ByteStream
        var length: Int?
        let reason: StoreDecision.PassReason?
        let provenance: Provenance
    }

    /// Who gave the answer.
    enum Provenance: Sendable {
        case origin
        case peer(NodeID)
    }

    /// What others wait for.
    struct Place: Hashable, Sendable {
        let key: CacheTable.Key
        /// As it is asked for; nil for the whole.
        var range: String?
    }

    private struct State {
        var outcome: Outcome?
        var waiters: [CheckedContinuation<Outcome, Never>] = []
        var isDone = false
        var doneWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    let place: Place
    /// The purges that were known when it began.
    let mark: Int

    init(_ place: Place, mark: Int) {
        self.place = place
        self.mark = mark
    }

    /// What came of it, as soon as that is known.
    func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Outcome? in
                if let outcome = state.outcome { return outcome }
                state.waiters.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Whether the bytes from some position on are here already, or about to come.
    func reaches(_ range: OriginRange) -> Bool {
        guard case .arriving(let arrival) = state.withLock({ $0.outcome }), arrival.part == nil,
            let first = arrival.length.flatMap({ range.resolve(count: Int64($0)) })?.lowerBound
        else { return false }
        return first <= Int64(arrival.spool.byteCount + Flight.reachBytes)
    }

    /// Bytes that a request for a range waits for rather than ask for them itself.
    static let reachBytes = BodyPart.byteCount

    /// The first outcome counts.
    func resolve(_ outcome: Outcome) {
        let waiters = state.withLock { state -> [CheckedContinuation<Outcome, Never>] in
            guard state.outcome == nil else { return [] }
            state.outcome = outcome
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }

    /// Returns when the body is stored, or will not be.
    func done() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if !state.isDone { state.doneWaiters.append(continuation) }
                return state.isDone
            }
            if isDone { continuation.resume() }
        }
    }

    func finish() {
        let waiters = state.withLock { state in
            state.isDone = true
            defer { state.doneWaiters = [] }
            return state.doneWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
