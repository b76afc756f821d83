/// Dates of HTTP (RFC 9110 section 5.6.7) as seconds since 1970.
public enum CacheDate {
    private static let days = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"]
    private static let longDays = ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"]
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// Reads all three forms. Names are read in any case (RFC 9111 section 4.2); no zone but GMT is known.
    ///
    /// - Parameters:
    ///   - text: The value of a field.
    ///   - now: Milliseconds since 1970. A year of two digits that seems to be more than 50 years ahead is in the past.
    /// - Returns: Seconds since 1970; nil if it is not a date.
    public static func seconds(_ text: String, now: Int64) -> Int64? {
        let parts = text.lowercased().split(separator: " ", omittingEmptySubsequences: false)
        if parts.count == 6, parts[0].count == 4, parts[0].hasSuffix(","), days.contains(String(parts[0].dropLast())),
            parts[5] == "gmt"
        {
            return assemble(day: number(parts[1], 2), month: parts[2], year: number(parts[3], 4), clock: parts[4])
        }
        if parts.count == 4, parts[0].hasSuffix(","), longDays.contains(String(parts[0].dropLast())), parts[3] == "gmt"
        {
            let date = parts[1].split(separator: "-", omittingEmptySubsequences: false)
            guard date.count == 3, let short = number(date[2], 2) else { return nil }
            let thisYear = civil(days: max(0, now) / 86_400_000).year
            var year = thisYear / 100 * 100 + short
            if year > thisYear + 50 { year -= 100 }
            return assemble(day: number(date[0], 2), month: date[1], year: year, clock: parts[2])
        }
        // The day of asctime's form is padded with a space, which makes an empty part.
        if parts.count == 5 || (parts.count == 6 && parts[2].isEmpty), days.contains(String(parts[0])) {
            let rest = parts.suffix(3)
            let day = parts.count == 6 ? number(rest[rest.startIndex], 1) : number(rest[rest.startIndex], 2)
            return assemble(
                day: day, month: parts[1], year: number(rest[rest.startIndex + 2], 4), clock: rest[rest.startIndex + 1])
        }
        return nil
    }

    /// IMF-fixdate, the one form that senders use.
    ///
    /// - Parameter seconds: Since 1970; before 1970 and after 9999 the nearest that can be written is.
    public static func text(seconds: Int64) -> String {
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let date = civil(days: seconds / 86_400)
        let name = capitalised(days[Int(seconds / 86_400 % 7)])
        let month = capitalised(months[date.month - 1])
        let second = Int(seconds % 86_400)
        let clock = "\(padded(second / 3_600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
        let year = String(date.year)
        return
            "\(name), \(padded(date.day)) \(month) \(String(repeating: "0", count: 4 - year.count))\(year) \(clock) GMT"
    }

    private static func capitalised(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func number(_ text: Substring, _ digits: Int) -> Int? {
        guard text.utf8.count == digits else { return nil }
        return FieldText.deltaSeconds(text).map(Int.init)
    }

    private static func assemble(day: Int?, month: Substring, year: Int?, clock: Substring) -> Int64? {
        let times = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard let day, let year, let month = months.firstIndex(of: String(month)).map({ $0 + 1 }), times.count == 3,
            let hour = number(times[0], 2), let minute = number(times[1], 2), let second = number(times[2], 2),
            hour < 24, minute < 60, second <= 60, day >= 1, day <= length(month: month, year: year)
        else { return nil }
        return dayNumber(year: year, month: month, day: day) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    private static func length(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // Days are counted from 1 March of year 0, so that the leap day ends a year; 400 years have 146,097 days.
    private static func dayNumber(year: Int, month: Int, day: Int) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    private static func civil(days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
