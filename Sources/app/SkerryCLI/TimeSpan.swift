import ArgumentParser

/// How long, as people write it: `90s`, `30m`, `24h`, `7d`.
struct TimeSpan: ExpressibleByArgument, Equatable, CustomStringConvertible {
    let milliseconds: Int64

    var description: String {
        milliseconds % 3_600_000 == 0 ? "\(milliseconds / 3_600_000)h" : "\(milliseconds / 1_000)s"
    }

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(argument text: String) {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()), count > 0 else {
            return nil
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.milliseconds = milliseconds
    }
}
