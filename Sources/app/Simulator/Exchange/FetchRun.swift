/// One fetch of one blob: a reader's node, its providers with their faults, and a policy that divides the blocks.
struct FetchRun {
    /// The unit of requests.
    static let blockBytes = 256 << 10
    /// What a provider hands to its line at a time; between two of them it can stop.
    static let chunkBytes = 32 << 10
    /// Bytes of a request or a cancellation.
    static let requestBytes = 48
    /// The reader plays the blob at this share of the rate that the honest providers have together.
    static let readingShare = 0.8
    /// A fetch has failed when it takes this many times the ideal time and a minute.
    static let patience = 50.0
    static let tick = Duration.milliseconds(20)

    /// What is wrong with a provider.
    enum Fault: String, CaseIterable, Codable, Sendable {
        case none
        /// Its line has a tenth of the rate.
        case slow
        /// Half of its blocks are wrong.
        case corrupt
        /// Its machine ends without a word while the fetch runs.
        case vanishing
        /// After its first block it sends a byte a second.
        case trickling
    }

    struct Outcome {
        /// Nil: not whole when patience ended.
        var seconds: Double?
        var idealSeconds: Double
        var receivedBytes = 0
        var hedges = 0
        /// Moments in which the reader had to wait, after the first block, and their sum.
        var stalls = 0
        var stallSeconds = 0.0
        /// Providers that sent a wrong block, and wrong blocks in all: one a provider if it is not asked again.
        var wrongProviders = 0
        var wrongBlocks = 0
    }

    private enum Message {
        case ask(block: Int)
        case cancel(block: Int)
        case areYouThere
        case here
        case bytes(block: Int, count: Int, isLast: Bool, isRight: Bool)
    }

    private enum Timer {
        case send
        case tick
        case read
        case vanish
    }

    private struct Provider {
        var fault: Fault
        var queue: [Int] = []
        var sentBytes = 0
        var servedBlocks = 0
        var isSending = false
        var hasSentWrong = false
    }

    private let network: VirtualNetwork<Message, Timer>
    private var policy: any BlockPolicy
    private var providers: [Provider]
    private var outcome: Outcome
    private let blockCount: Int
    private let loss: Double
    private var random: SimulationRandom
    private var isHere: [Bool]
    private var position = 0
    private var waitingSince: Double? = 0
    private let secondsABlock: Double

    /// Node 0 fetches; node i + 1 is provider i. `policy` is made from the providers' round trips.
    init(
        _ options: NetworkOptions, faults: [Fault], blobBytes: Int, policy: ([Duration], Int) -> any BlockPolicy
    ) throws(SimulationError) {
        var quiet = options
        // TCP repeats what is lost; `send` counts the time that this takes.
        quiet.loss = 0
        quiet.nodes = faults.count + 1
        network = try VirtualNetwork(quiet)
        loss = options.loss
        providers = faults.map { Provider(fault: $0) }
        blockCount = max(1, (blobBytes + Self.blockBytes - 1) / Self.blockBytes)
        isHere = Array(repeating: false, count: blockCount)
        random = network.random(for: "exchange")
        let line = options.bandwidth?.medianUp ?? 12.5e6
        network.setLineRates(of: 0, up: line, down: max(line * 10, network.lineRates(of: 0)?.down ?? 0))
        for (index, fault) in faults.enumerated() where fault == .slow {
            network.setLineRates(of: index + 1, up: line / 10, down: line)
        }
        var honestRate = 0.0
        for (index, fault) in faults.enumerated() where fault == .none || fault == .slow {
            honestRate += network.lineRates(of: index + 1)?.up ?? line
        }
        let rate = min(max(honestRate, 1), network.lineRates(of: 0)?.down ?? .infinity)
        let wireBytes = NodeTraffic.wireBytes(Self.chunkBytes) * (Self.blockBytes / Self.chunkBytes)
        secondsABlock = Double(wireBytes) / rate / Self.readingShare
        outcome = Outcome(idealSeconds: Double(wireBytes * blockCount) / rate)
        self.policy = policy((1...faults.count).map { [network] in network.roundTrip(0, $0) }, blockCount)
    }

    /// Runs until the blob is whole or patience ends.
    mutating func run() -> Outcome {
        let limit = Duration.seconds(outcome.idealSeconds * Self.patience + 60)
        for (index, provider) in providers.enumerated() where provider.fault == .vanishing {
            network.schedule(
                .vanish, after: .seconds(outcome.idealSeconds * (0.1 + 0.5 * random.unit())), at: index + 1)
        }
        network.schedule(.tick, after: Self.tick, at: 0)
        policy.want(0)
        act()
        while !policy.isComplete, let event = network.next(before: limit) {
            switch event {
            case .delivered(let message, let from, let to): receive(message, from: from, at: to)
            case .timer(.send, let node): send(node - 1)
            case .timer(.vanish, let node): network.crash(node)
            case .timer(.read, _): read()
            case .timer(.tick, _):
                act()
                network.schedule(.tick, after: Self.tick, at: 0)
            case .stopped, .returned: break
            }
        }
        outcome.seconds = policy.isComplete ? network.seconds : nil
        outcome.hedges = policy.hedges
        outcome.wrongProviders = providers.count { $0.hasSentWrong }
        return outcome
    }

    // MARK: - The fetching node

    private mutating func act() {
        while let action = policy.next(at: network.now) {
            switch action {
            case .ask(let provider, let block):
                network.send(.ask(block: block), from: 0, to: provider + 1, byteCount: Self.requestBytes)
            case .cancel(let provider, let block):
                network.send(.cancel(block: block), from: 0, to: provider + 1, byteCount: Self.requestBytes)
            case .drop(let provider):
                network.send(.areYouThere, from: 0, to: provider + 1, byteCount: Self.requestBytes)
            }
        }
    }

    private mutating func receive(_ message: Message, from: Int, at node: Int) {
        switch message {
        case .ask(let block):
            providers[node - 1].queue.append(block)
            if !providers[node - 1].isSending { send(node - 1) }
        case .cancel(let block):
            guard let place = providers[node - 1].queue.firstIndex(of: block) else { return }
            providers[node - 1].queue.remove(at: place)
            if place == 0 { providers[node - 1].sentBytes = 0 }
        case .areYouThere:
            providers[node - 1].queue = []
            providers[node - 1].sentBytes = 0
            network.send(.here, from: node, to: 0, byteCount: Self.requestBytes)
        case .here: policy.onAnswer(of: from - 1, at: network.now)
        case .bytes(let block, let count, let isLast, let isRight):
            outcome.receivedBytes += count
            if !isLast {
                policy.onBytes(count, from: from - 1, at: network.now)
            } else if isRight {
                policy.onBlock(block, from: from - 1, at: network.now)
                isHere[block] = true
            } else {
                outcome.wrongBlocks += 1
                policy.onWrongBlock(block, from: from - 1, at: network.now)
            }
            if isLast { act() }
            if waitingSince != nil, isHere[position] { read() }
        }
    }

    /// The reader takes its next block, or begins to wait for it.
    private mutating func read() {
        guard position < blockCount else { return }
        guard isHere[position] else {
            waitingSince = network.seconds
            policy.want(position)
            act()
            return
        }
        if let since = waitingSince, position > 0 {
            outcome.stalls += 1
            outcome.stallSeconds += network.seconds - since
        }
        waitingSince = nil
        position += 1
        guard position < blockCount else { return }
        policy.want(position)
        network.schedule(.read, after: .seconds(secondsABlock), at: 0)
    }

    // MARK: - The providers

    /// Puts the next chunk on the line and comes back when that is free.
    private mutating func send(_ index: Int) {
        guard let block = providers[index].queue.first else {
            providers[index].isSending = false
            return
        }
        let isTrickling = providers[index].fault == .trickling && providers[index].servedBlocks > 0
        let count = isTrickling ? 1 : min(Self.chunkBytes, Self.blockBytes - providers[index].sentBytes)
        let isLast = providers[index].sentBytes + count >= Self.blockBytes
        let isRight = !(isLast && providers[index].fault == .corrupt && random.chance(0.5))
        if !isRight { providers[index].hasSentWrong = true }
        network.send(
            .bytes(block: block, count: count, isLast: isLast, isRight: isRight), from: index + 1, to: 0,
            byteCount: count)
        providers[index].sentBytes += count
        if isLast {
            providers[index].queue.removeFirst()
            providers[index].sentBytes = 0
            providers[index].servedBlocks += 1
        }
        let rate = network.lineRates(of: index + 1)?.up ?? 1
        var seconds = isTrickling ? 1 : Double(NodeTraffic.wireBytes(count)) / rate
        if random.unit() < loss { seconds += network.roundTrip(0, index + 1).inSeconds }
        providers[index].isSending = true
        network.schedule(.send, after: .seconds(seconds), at: index + 1)
    }
}
