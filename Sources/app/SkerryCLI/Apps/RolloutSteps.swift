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

/// A time between steps: `90s`, `5m` or `2h`, a day at most.
struct RolloutPause: ExpressibleByArgument, CustomStringConvertible {
    private static let longest = 86_400

    let seconds: Int

    init?(argument: String) {
        let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3_600]
        guard let unit = argument.last, let factor = factors[unit], let count = Int(argument.dropLast()), count > 0,
            count <= RolloutPause.longest / factor
        else { return nil }
        seconds = count * factor
    }

    /// As it is written on a command line, in seconds.
    var description: String { "\(seconds)s" }
}
