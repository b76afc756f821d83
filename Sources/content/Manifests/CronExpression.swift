/// When a function is called by the clock: the five fields of crontab(5), in UTC.
///
/// Minute, hour, day of the month, month, day of the week (0 and 7 are Sunday; names such as `mon` and `jan` work too).
/// Each is `*`, a number, a range `a-b`, a step `*/n` or `a-b/n`, or several of those with commas. If both days are
/// restricted, either suffices; one that begins with `*` is not, so `*/2` in the one narrows the other.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The longest expression, in bytes.
    public static let maxBytes = 128

    /// A minute of the calendar, in UTC.
    public struct Minute: Sendable, Hashable {
        public var minute: Int
        public var hour: Int
        public var day: Int
        public var month: Int
        /// 0 is Sunday.
        public var weekday: Int

        public init(minute: Int, hour: Int, day: Int, month: Int, weekday: Int) {
            self.minute = minute
            self.hour = hour
            self.day = day
            self.month = month
            self.weekday = weekday
        }
    }

    /// What is wrong with an expression.
    public struct Problem: Error, Sendable, Hashable {
        /// What was wrong and what to write.
        public let message: String
    }

    private struct Field {
        let name: String
        let range: ClosedRange<Int>
        var names: [String] = []
    }

    private static let fields = [
        Field(name: "minute", range: 0...59), Field(name: "hour", range: 0...23),
        Field(name: "day of the month", range: 1...31),
        Field(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Field(
            name: "day of the week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// The expression as it was written.
    public let description: String
    /// A bit for each value of each field.
    private let sets: [UInt64]
    private let restrictsDay: Bool
    private let restrictsWeekday: Bool

    /// - Throws: ``Problem``.
    public init(_ text: String) throws(Problem) {
        guard text.utf8.count <= CronExpression.maxBytes else {
            throw Problem(message: "a schedule has at most \(CronExpression.maxBytes) bytes")
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 5 else {
            throw Problem(
                message: "a schedule has five fields (minute hour day month weekday), not \(words.count); "
                    + "\"*/5 * * * *\" is every five minutes")
        }
        var sets: [UInt64] = []
        for (word, field) in zip(words, CronExpression.fields) { sets.append(try CronExpression.set(word, field)) }
        // 7 is another name of Sunday.
        if sets[4] & (1 << 7) != 0 { sets[4] |= 1 }
        self.sets = sets
        restrictsDay = !words[2].hasPrefix("*")
        restrictsWeekday = !words[4].hasPrefix("*")
        description = words.joined(separator: " ")
    }

    /// Whether the function is due at this minute.
    public func matches(_ time: Minute) -> Bool {
        func holds(_ field: Int, _ value: Int) -> Bool { (0...63).contains(value) && sets[field] & (1 << value) != 0 }
        guard holds(0, time.minute), holds(1, time.hour), holds(3, time.month) else { return false }
        let day = holds(2, time.day)
        let weekday = holds(4, time.weekday)
        return restrictsDay && restrictsWeekday ? day || weekday : day && weekday
    }

    private static func set(_ word: Substring, _ field: Field) throws(Problem) -> UInt64 {
        var set: UInt64 = 0
        for item in word.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var range = field.range
            if halves[0] != "*" {
                let ends = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                let low = try value(ends[0], field)
                let high =
                    ends.count == 2 ? try value(ends[1], field) : halves.count == 2 ? field.range.upperBound : low
                guard low <= high else {
                    throw Problem(message: "the \(field.name) \"\(item)\" runs backwards; write the smaller one first")
                }
                range = low...high
            }
            var step = 1
            if halves.count == 2 {
                guard let number = Int(halves[1]), (1...field.range.upperBound).contains(number) else {
                    throw Problem(
                        message: "the step of the \(field.name) \"\(item)\" is a number from 1 to "
                            + "\(field.range.upperBound)")
                }
                step = number
            }
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { set |= 1 << value }
        }
        return set
    }

    private static func value(_ text: Substring, _ field: Field) throws(Problem) -> Int {
        if let index = field.names.firstIndex(of: text.lowercased()) { return index + field.range.lowerBound }
        guard let number = Int(text), field.range.contains(number) else {
            let (low, high) = (field.range.lowerBound, field.range.upperBound)
            throw Problem(message: "the \(field.name) is *, or \(low) to \(high), not \"\(text)\"")
        }
        return number
    }
}
