/// Dates as text, without a calendar library.
enum Calendar {
    /// A moment in UTC.
    struct Moment: Equatable {
        var year: Int
        var month: Int
        var day: Int
        var hour: Int
        var minute: Int
        var second: Int
        /// 0 is Sunday.
        var weekday: Int
    }

    /// - Parameter seconds: Since 1970-01-01T00:00:00Z; earlier moments are read as that one.
    static func moment(unixSeconds seconds: Int64) -> Moment {
        let seconds = Int(max(0, min(seconds, 253_402_300_799)))
        let day = seconds / 86_400
        let second = seconds % 86_400
        // Days are counted from 1 March of year 0, so that the leap day ends a year; 400 years have 146,097 days.
        let shifted = day + 719_468
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return Moment(
            year: shifted / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * marchMonth + 2) / 5 + 1, hour: second / 3_600, minute: second / 60 % 60,
            second: second % 60, weekday: (day + 4) % 7)
    }

    /// IMF-fixdate (RFC 9110 section 5.6.7).
    static func httpDate(unixSeconds seconds: Int64) -> String {
        let at = moment(unixSeconds: seconds)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = "\(days[at.weekday]), \(two(at.day)) \(months[at.month - 1]) \(at.year)"
        return "\(date) \(two(at.hour)):\(two(at.minute)):\(two(at.second)) GMT"
    }

    /// ISO 8601 without separators, such as `20130524T000000Z`.
    static func basic(unixSeconds seconds: Int64) -> String {
        let at = moment(unixSeconds: seconds)
        return "\(at.year)\(two(at.month))\(two(at.day))T\(two(at.hour))\(two(at.minute))\(two(at.second))Z"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
