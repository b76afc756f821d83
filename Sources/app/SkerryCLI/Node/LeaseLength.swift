import ArgumentParser

/// How long a node's leases of machines are: `5s`, `2m`, or a number of milliseconds.
struct LeaseLength: ExpressibleByArgument, Equatable {
    /// 1,000 to 3,600,000.
    let milliseconds: Int

    init?(argument: String) {
        guard let milliseconds = TimeSpan(argument: argument).map({ Int(clamping: $0.milliseconds) }) ?? Int(argument),
            (1_000...3_600_000).contains(milliseconds)
        else { return nil }
        self.milliseconds = milliseconds
    }
}
