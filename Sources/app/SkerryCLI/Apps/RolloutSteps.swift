import ArgumentParser

/// Shares of the visitors, one after the other: `1,10,50,100`.
struct RolloutSteps: ExpressibleByArgument {
    /// Rising, 1 to 100; at most 20.
    let percents: [UInt8]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let percents = parts.compactMap { UInt8($0) }
        guard percents.count == parts.count, (1...20).contains(percents.count),
            percents.allSatisfy({ (1...100).contains($0) }), zip(percents, percents.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.percents = percents
    }
}
