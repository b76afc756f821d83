extension RoutePattern {
    /// Whether this pattern is asked before the other one: part by part from the left, a text goes before `*`, and more
    /// parts go before an open end. So the most exact of several patterns that hold a path is the first of them.
    public func precedes(_ other: RoutePattern) -> Bool {
        var mine = parts.makeIterator()
        var theirs = other.parts.makeIterator()
        while true {
            switch (mine.next(), theirs.next()) {
            case (let left?, let right?):
                if left == right { continue }
                if left == "*" || right == "*" { return right == "*" }
                return left.utf8.lexicographicallyPrecedes(right.utf8)
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return !isOpen && other.isOpen
            }
        }
    }

    /// What can be taken off the paths that this pattern holds, in their normal form: `/img` of `/img/*`. Nil for a pattern
    /// that does not end with its only `*`.
    public var prefix: String? {
        isOpen && !parts.contains("*") ? parts.map { "/\($0)" }.joined() : nil
    }
}
