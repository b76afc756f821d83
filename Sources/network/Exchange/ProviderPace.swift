/// How fast a provider delivers, and how many requests keep it busy.
///
/// The window follows delivery rate × base time, where the base time is the shortest that a block ever took: a path
/// whose queue is empty needs one such product in flight; ``gain`` times that keeps it full while the rate is probed.
/// While the provider is limited by round trips, each round multiplies the rate and with it the window: slow start needs
/// no state of its own. (Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016.)
package struct ProviderPace: Sendable {
    /// Remembers, for one request, where the provider stood when it was asked.
    struct Ticket: Sendable {
        let askedAt: Duration
        let deliveredBytes: Int
        let deliveredAt: Duration
    }

    private static let gain = 2.0
    /// Weight of the newest rate sample.
    private static let weight = 0.25
    /// Block times that are remembered.
    private static let maxTimes = 32
    /// Fewer block times say nothing about the 95th percentile.
    private static let minTimes = 4
    /// The base time that a window is made for at least, in seconds. On shorter paths the turns of threads at both ends
    /// decide when a block is here, not the path: a smaller window would run dry between two turns.
    private static let minBaseTime = 0.0015

    /// Blocks that may be in flight, 1 and above.
    package private(set) var window: Int
    /// Bytes a second, smoothed; nil before the first block.
    package private(set) var rate: Double?
    /// The shortest time from request to block.
    package private(set) var baseTime: Duration?
    private let maxWindow: Int
    private var deliveredBytes = 0
    private var deliveredAt = Duration.zero
    private var times: [Duration] = []
    private var nextTime = 0
    private var quantiles: (p50: Duration, p95: Duration)?

    init(_ settings: FetchPlan.Settings) {
        maxWindow = max(1, settings.maxWindow)
        window = min(max(1, settings.initialWindow), maxWindow)
    }

    /// Half of the last blocks took at most this long; nil before there are enough.
    package var p50: Duration? { quantiles?.p50 }
    /// 95% of the last blocks took at most this long; nil before there are enough.
    package var p95: Duration? { quantiles?.p95 }

    /// A request leaves.
    ///
    /// - Parameter isFirst: Nothing else is in flight: the time before does not count.
    mutating func onRequest(isFirst: Bool, at now: Duration) -> Ticket {
        if isFirst { deliveredAt = now }
        return Ticket(askedAt: now, deliveredBytes: deliveredBytes, deliveredAt: deliveredAt)
    }

    /// A block came for the request of `ticket`.
    mutating func onBlock(_ ticket: Ticket, byteCount: Int, at now: Duration) {
        if deliveredBytes == 0 { (rate, baseTime) = (nil, nil) }
        deliveredBytes += byteCount
        deliveredAt = now
        let time = now - ticket.askedAt
        baseTime = baseTime.map { min($0, time) } ?? time
        remember(time)
        let interval = (now - ticket.deliveredAt).seconds
        guard interval > 0, byteCount > 0 else { return }
        let sample = Double(deliveredBytes - ticket.deliveredBytes) / interval
        let rate = rate.map { $0 + (sample - $0) * ProviderPace.weight } ?? sample
        self.rate = rate
        let base = max(ProviderPace.minBaseTime, (baseTime ?? time).seconds)
        let blocks = rate * base / Double(byteCount)
        let target = Int(min(Double(maxWindow), max(1, (ProviderPace.gain * blocks).rounded(.up))))
        window = min(target, window + 1)
    }

    /// Another provider was asked for the block of `ticket` later, and was faster. Of a provider that never delivered
    /// this is all that is known, a guess that doubles each time: else it would be asked for the next blocks, which
    /// somebody waits for, again and again.
    mutating func onOvertaken(_ ticket: Ticket, byteCount: Int, at now: Duration) {
        guard deliveredBytes == 0 else { return }
        let time = max(now - ticket.askedAt, (baseTime ?? .zero) * 2)
        guard time > .zero else { return }
        baseTime = time
        rate = Double(byteCount) / time.seconds
    }

    /// The provider refused a request: it is asked for fewer at a time.
    mutating func onBusy() { window = max(1, window / 2) }

    /// When one more block would be here if `inFlight` are asked for already.
    ///
    /// - Parameter roundTrip: Stands in for what was not measured yet.
    func expectedTime(inFlight: Int, blockByteCount: Int, roundTrip: Duration?) -> Double {
        guard let rate, let baseTime else { return (roundTrip ?? .zero).seconds * Double(inFlight + 1) }
        return baseTime.seconds + Double(inFlight * blockByteCount) / rate
    }

    private mutating func remember(_ time: Duration) {
        if times.count < ProviderPace.maxTimes {
            times.append(time)
        } else {
            times[nextTime] = time
        }
        nextTime = (nextTime + 1) % ProviderPace.maxTimes
        guard times.count >= ProviderPace.minTimes, nextTime % ProviderPace.minTimes == 0 else { return }
        let sorted = times.sorted()
        quantiles = (sorted[sorted.count / 2], sorted[sorted.count * 95 / 100])
    }
}

extension Duration {
    /// Seconds with a fraction.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
