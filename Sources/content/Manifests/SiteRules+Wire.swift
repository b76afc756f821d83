import Wire

extension SiteRules {
    /// Nil where there are none, so that a site without rules has the manifest that it always had.
    var message: ManifestPBSiteRules? {
        guard !isEmpty else { return nil }
        var message = ManifestPBSiteRules()
        message.redirects = redirects.map { rule in
            var entry = ManifestPBRedirect()
            entry.from = rule.from.description
            entry.to = rule.to.description
            entry.status = UInt32(rule.status)
            entry.force = rule.isForced
            entry.query = rule.query.map { SiteRules.variable($0.name, $0.value) }
            return entry
        }
        message.headers = (headers?.rules ?? []).map { rule in
            var entry = ManifestPBHeaderRule()
            entry.pattern = rule.pattern.description
            entry.fields = rule.fields.map { SiteRules.variable($0.name, $0.value) }
            entry.detached = rule.detached
            return entry
        }
        message.singlePage = isSinglePage
        message.cleanUrls = hasCleanURLs
        return message
    }

    private static func variable(_ name: String, _ value: String) -> ManifestPBVariable {
        var variable = ManifestPBVariable()
        variable.name = name
        variable.value = value
        return variable
    }

    /// Checks all that a person could have written and more.
    ///
    /// - Throws: ``ManifestError``.
    init(_ message: ManifestPBSiteRules) throws(ManifestError) {
        guard message.redirects.count <= ManifestLimits.maxRedirects,
            message.headers.count <= ManifestLimits.maxHeaderRules
        else { throw ManifestError(.tooLarge, "The site has too many rules; deploy it again") }
        var redirects: [SiteRedirect] = []
        for entry in message.redirects {
            do {
                redirects.append(
                    try SiteRedirect(
                        from: entry.from, to: entry.to, status: Int(entry.status), isForced: entry.force,
                        query: entry.query.map { .init(name: $0.name, value: $0.value) }))
            } catch {
                throw ManifestError(.malformed, "The site's redirect from \"\(entry.from)\" is malformed")
            }
        }
        var headers: [SiteHeaders.Rule] = []
        for entry in message.headers {
            let pattern: SitePathPattern
            do { pattern = try SitePathPattern(entry.pattern) } catch {
                throw ManifestError(.malformed, "The site's headers for \"\(entry.pattern)\" have no path")
            }
            let fields = entry.fields.map { SiteHeaders.Field(name: $0.name, value: $0.value) }
            guard
                fields.allSatisfy({
                    $0.name == $0.name.lowercased() && SiteHeaders.problem(withName: $0.name) == nil
                        && SiteHeaders.problem(withValue: $0.value) == nil
                }),
                entry.detached.allSatisfy({
                    $0 == $0.lowercased() && SiteHeaders.problem(withName: $0) == nil
                })
            else { throw ManifestError(.malformed, "The site's headers for \"\(entry.pattern)\" are malformed") }
            headers.append(.init(pattern: pattern, fields: fields, detached: entry.detached))
        }
        self.init(
            redirects: redirects, headers: headers, isSinglePage: message.singlePage, hasCleanURLs: message.cleanUrls)
        try check()
    }
}
