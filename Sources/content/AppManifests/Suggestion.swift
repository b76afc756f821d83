/// Guesses what somebody meant to write.
public enum Suggestion {
    /// `; did you mean "…"?` for the nearest of `known`; empty if none is near.
    public static func phrase(for word: String, among known: [String]) -> String {
        nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The known word that the fewest changed, missing, added or swapped letters lead to; nil if none is near.
    public static func nearest(to word: String, among known: [String]) -> String? {
        let letters = Array(word.lowercased().prefix(64))
        let allowed = max(1, min(3, letters.count / 3))
        return known.map { ($0, distance(letters, Array($0.lowercased()))) }
            .filter { $0.1 <= allowed }.min { $0.1 < $1.1 }?.0
    }

    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                var best = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
