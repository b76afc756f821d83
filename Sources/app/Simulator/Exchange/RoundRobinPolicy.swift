/// The baseline: the providers take turns, each with the same number of blocks in flight; nobody is asked twice.
struct RoundRobinPolicy: BlockPolicy {
    /// Blocks in flight with one provider.
    static let window = 16
    /// A provider whose block takes longer is given up.
    static let timeout = Duration.seconds(15)

    private struct Provider {
        var asked: [Int: Duration] = [:]
        var isUsable = true
    }

    private var providers: [Provider]
    private var open: [Int]
    private var left: Int
    private var turn = 0

    init(blockCount: Int, providers: Int) {
        self.providers = Array(repeating: Provider(), count: providers)
        open = Array((0..<blockCount).reversed())
        left = blockCount
    }

    var isComplete: Bool { left == 0 }
    var hedges: Int { 0 }

    mutating func next(at now: Duration) -> BlockAction? {
        for index in providers.indices where providers[index].isUsable {
            if providers[index].asked.values.contains(where: { now - $0 > Self.timeout }) {
                lose(index)
                return .drop(index)
            }
        }
        guard let block = open.last else { return nil }
        for step in providers.indices {
            let index = (turn + step) % providers.count
            guard providers[index].isUsable, providers[index].asked.count < Self.window else { continue }
            open.removeLast()
            providers[index].asked[block] = now
            turn = (index + 1) % providers.count
            return .ask(index, block: block)
        }
        return nil
    }

    mutating func onBytes(_ byteCount: Int, from provider: Int, at now: Duration) {}

    mutating func onBlock(_ block: Int, from provider: Int, at now: Duration) {
        if providers[provider].asked.removeValue(forKey: block) != nil { left -= 1 }
    }

    mutating func onWrongBlock(_ block: Int, from provider: Int, at now: Duration) { lose(provider) }

    mutating func onAnswer(of provider: Int, at now: Duration) {}

    mutating func want(_ block: Int) {}

    private mutating func lose(_ index: Int) {
        open.append(contentsOf: providers[index].asked.keys.sorted(by: >))
        providers[index] = Provider(isUsable: false)
    }
}
