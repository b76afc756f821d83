import NIOCore

/// Leaves an origin alone that fails, and tries it again with one request at a time.
///
/// Closed, it lets everything through and counts. After ``maxConsecutive`` failures in a row over ``leastTime``, or when
/// ``rate`` of at least ``minSample`` requests in ``window`` failed, it opens for ``openTime``; each opening without a success between doubles
/// that. Then it is half open: one request goes through, and its result closes or opens it.
struct CircuitBreaker: Sendable {
    /// Failures in a row that open it. Default 5.
    var maxConsecutive = 5
    /// From the first to the last of them at least: requests that fail together, such as those for one bad page, say nothing
    /// of the rest. Default 2 s.
    var leastTime: TimeAmount = .seconds(2)
    /// Share of failures that opens it. Default 0.5.
    var rate = 0.5
    /// Requests in a window from which on the share counts. Default 20.
    var minSample = 20
    /// Time over which the share is counted, at least half of it: what an origin did right does not count as forgotten from
    /// one moment to the next. Default 10 s.
    var window: TimeAmount = .seconds(10)
    /// First time for which it is open. Default 5 s.
    var openTime: TimeAmount = .seconds(5)
    /// Longest time for which it is open. Default 10 min.
    var maxOpenTime: TimeAmount = .minutes(10)

    /// What it does with requests.
    enum State: Equatable, Sendable {
        case closed
        case open(until: NIODeadline)
        /// One request is under way to find out.
        case halfOpen
    }

    /// Stands for one request that was let through; its result counts only while the state is the one it began in.
    struct Pass: Equatable, Sendable { fileprivate let era: Int }

    private(set) var state = State.closed
    /// How often it opened.
    private(set) var openings = 0
    private var era = 0
    private var consecutive = 0
    private var firstFailure = NIODeadline.distantPast
    private var openedInARow = 0
    private struct Counts: Sendable {
        var successes = 0
        var failures = 0
    }

    /// When the half of the window began that is counted now.
    private var halfStart: NIODeadline?
    private var current = Counts()
    private var previous = Counts()

    /// Defaults, closed.
    init() {}

    /// Lets a request through, or says how long it is left alone still.
    mutating func admit(now: NIODeadline) -> Result<Pass, Refusal> {
        switch state {
        case .closed: return .success(Pass(era: era))
        case .halfOpen: return .failure(Refusal(remaining: .seconds(1)))
        case .open(let until):
            if now < until { return .failure(Refusal(remaining: until - now)) }
            state = .halfOpen
            era += 1
            return .success(Pass(era: era))
        }
    }

    /// Why a request is not let through.
    struct Refusal: Error, Equatable { let remaining: TimeAmount }

    /// The request of a pass went well.
    mutating func onSuccess(_ pass: Pass, now: NIODeadline) {
        guard pass.era == era else { return }
        switch state {
        case .open: return
        case .halfOpen:
            openedInARow = 0
            close()
        case .closed:
            roll(now)
            consecutive = 0
            current.successes += 1
        }
    }

    /// The request of a pass failed by the origin's fault.
    mutating func onFailure(_ pass: Pass, now: NIODeadline) {
        guard pass.era == era else { return }
        switch state {
        case .open: return
        case .halfOpen: open(now)
        case .closed:
            roll(now)
            if consecutive == 0 { firstFailure = now }
            consecutive += 1
            current.failures += 1
            let isDead = consecutive >= maxConsecutive && now - firstFailure >= leastTime
            let failures = current.failures + previous.failures
            let total = failures + current.successes + previous.successes
            let isSample = total >= minSample
            let isBad = Double(failures) >= rate * Double(total)
            if isDead || isSample && isBad { open(now) }
        }
    }

    /// Nobody will know how the request of a pass went.
    mutating func onAbandoned(_ pass: Pass, now: NIODeadline) {
        guard pass.era == era, state == .halfOpen else { return }
        // The next request may find out.
        state = .open(until: now)
        era += 1
    }

    private mutating func open(_ now: NIODeadline) {
        let doublings = min(openedInARow, 20)
        let time = min(openTime.nanoseconds << doublings, maxOpenTime.nanoseconds)
        state = .open(until: now + .nanoseconds(time))
        openedInARow += 1
        openings += 1
        era += 1
    }

    private mutating func close() {
        state = .closed
        era += 1
        consecutive = 0
        current = Counts()
        previous = Counts()
        halfStart = nil
    }

    private mutating func roll(_ now: NIODeadline) {
        let age = halfStart.map { now - $0 } ?? window
        guard age >= .nanoseconds(window.nanoseconds / 2) else { return }
        previous = age < window ? current : Counts()
        current = Counts()
        halfStart = now
    }
}
