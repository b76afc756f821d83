/// What a site answers beside its files: `_redirects`, `_headers` and the `[site]` table of `skerry.toml`.
public struct SiteRules: Sendable, Equatable {
    /// What a rule makes of a request.
    public enum Outcome: Sendable, Equatable {
        /// The client is sent elsewhere. The location is a URL, or a path and perhaps a query.
        case redirect(status: Int, location: String)
        /// The answer is what the site has at another path, without its leading slash.
        case rewrite(path: String, status: Int)
    }

    /// The first that matches decides.
    public let redirects: [SiteRedirect]
    /// All that match, in their order; nil for none.
    public let headers: SiteHeaders?
    /// Whether paths that look like pages and have no file get the index, as apps with routes of their own need.
    public var isSinglePage: Bool
    /// Whether pages live without `.html` only, and folders without `index.html`.
    public var hasCleanURLs: Bool

    /// Positions of the rules for one path each.
    private let exact: [String: [Int]]
    /// Positions of the others.
    private let patterns: [Int]

    /// Rules in their order.
    public init(
        redirects: [SiteRedirect] = [], headers: [SiteHeaders.Rule] = [], isSinglePage: Bool = false,
        hasCleanURLs: Bool = false
    ) {
        self.redirects = redirects
        self.headers = headers.isEmpty ? nil : SiteHeaders(headers)
        self.isSinglePage = isSinglePage
        self.hasCleanURLs = hasCleanURLs
        var exact: [String: [Int]] = [:]
        var patterns: [Int] = []
        for (index, rule) in redirects.enumerated() {
            if let path = rule.from.exactPath {
                exact[path, default: []].append(index)
            } else {
                patterns.append(index)
            }
        }
        self.exact = exact
        self.patterns = patterns
    }

    /// Whether there are none.
    public var isEmpty: Bool { redirects.isEmpty && headers == nil && !isSinglePage && !hasCleanURLs }

    /// Equal rules in the same order.
    public static func == (one: SiteRules, other: SiteRules) -> Bool {
        one.redirects == other.redirects && one.headers == other.headers && one.isSinglePage == other.isSinglePage
            && one.hasCleanURLs == other.hasCleanURLs
    }

    /// What `_redirects` makes of a request; nil for nothing.
    ///
    /// - Parameters:
    ///   - path: Without its leading slash; percent-encoding is undone.
    ///   - query: As sent, without `?`.
    ///   - hasFile: Whether the site has something at the path; then only forced rules hold.
    public func outcome(path: String, query: String?, hasFile: Bool) -> Outcome? {
        let listed = exact[path] ?? []
        var (next, nextPattern) = (0, 0)
        var cut: SitePath?
        // Both lists are in order, so that taking the smaller head gives the order of the file.
        while next < listed.count || nextPattern < patterns.count {
            let rule: SiteRedirect
            if nextPattern == patterns.count || next < listed.count && listed[next] < patterns[nextPattern] {
                rule = redirects[listed[next]]
                next += 1
            } else {
                rule = redirects[patterns[nextPattern]]
                nextPattern += 1
            }
            if hasFile && !rule.isForced { continue }
            let whole = cut ?? SitePath(path)
            cut = whole
            guard var captures = rule.from.captures(whole) else { continue }
            if !rule.query.isEmpty {
                guard SiteRules.add(rule.query, in: query, to: &captures) else { continue }
            }
            if let outcome = SiteRules.apply(rule, captures, path, query) { return outcome }
        }
        return nil
    }

    private static func apply(
        _ rule: SiteRedirect, _ captures: SitePathPattern.Captures, _ path: String, _ query: String?
    ) -> Outcome? {
        if rule.status == 200 || rule.status == 404 {
            return .rewrite(path: rule.to.path(captures), status: rule.status)
        }
        var location = rule.to.location(captures)
        // A rule that leads to where the client is would never end.
        if !rule.to.isAbsolute, rule.query.isEmpty, !rule.to.hasQuery, rule.to.path(captures) == path { return nil }
        if let query, !query.isEmpty, rule.query.isEmpty, !rule.to.hasQuery {
            let fragment = location.firstIndex(of: "#") ?? location.endIndex
            location.insert(contentsOf: "?\(query)", at: fragment)
        }
        return .redirect(status: rule.status, location: location)
    }

    /// Whether a query has what is asked for; what placeholders stand for is added.
    private static func add(
        _ conditions: [SiteRedirect.Condition], in query: String?, to captures: inout SitePathPattern.Captures
    ) -> Bool {
        guard let query else { return false }
        var values: [String: Substring] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? parts[1] : ""
            if values[String(parts[0])] == nil { values[String(parts[0])] = value }
        }
        for condition in conditions {
            guard let raw = values[condition.name],
                let value = PercentText.decode(raw.map { $0 == "+" ? " " : $0 }.reduce(into: "") { $0.append($1) })
            else { return false }
            if let name = condition.placeholder {
                // A control character has no place in a path, and could end a line elsewhere.
                guard !value.isEmpty, !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return false }
                captures.append((name, value[...]))
            } else if value != condition.value {
                return false
            }
        }
        return true
    }

    /// Checks the bounds of ``ManifestLimits``.
    func check() throws(ManifestError) {
        guard redirects.count <= ManifestLimits.maxRedirects, patterns.count <= ManifestLimits.maxRedirectPatterns
        else {
            throw ManifestError(
                .tooLarge,
                "The site has \(redirects.count) redirects, \(patterns.count) of them with placeholders; at most "
                    + "\(ManifestLimits.maxRedirects) and \(ManifestLimits.maxRedirectPatterns) are allowed")
        }
        guard let headers else { return }
        let bytes = headers.rules.reduce(0) { sum, rule in
            rule.fields.reduce(sum) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        }
        guard headers.rules.count <= ManifestLimits.maxHeaderRules, bytes <= ManifestLimits.maxHeaderRuleBytes else {
            throw ManifestError(
                .tooLarge,
                "The site has \(headers.rules.count) rules for headers with \(bytes) bytes; at most "
                    + "\(ManifestLimits.maxHeaderRules) and \(ManifestLimits.maxHeaderRuleBytes) are allowed")
        }
    }
}
