import Manifests

/// Origins.
extension AppManifestReader {
    private static let sourceKeys = ["url", "bucket", "ipfs", "directory"]
    private static let bucketKeys = [
        "endpoint", "region", "prefix", "path_style", "access_key_id_secret", "secret_access_key_secret",
        "session_token_secret",
    ]
    private static let ipfsKeys = ["gateways", "path"]
    private static let commonKeys = [
        "host", "request_headers", "response_headers", "cache", "timeouts", "retries", "shield", "follow_redirects",
        "max_object",
    ]
    /// A gateway that everybody may use; what it gives is verified like everything of IPFS.
    private static let usualGateway = "https://trustless-gateway.link"
    private static let usualRegion = "us-east-1"

    /// Reads the keys of one origin.
    ///
    /// - Parameters:
    ///   - position: Where the origin is named.
    ///   - place: What messages call it.
    ///   - others: Keys that belong to the app and are read elsewhere.
    mutating func origin(
        _ table: TOMLTable, at position: TOMLPosition, _ place: String, besides others: [String] = []
    ) -> OriginManifest? {
        let present = AppManifestReader.sourceKeys.compactMap { table[$0] }
        var keys = AppManifestReader.sourceKeys + AppManifestReader.commonKeys + others
        let kind = present.first?.key
        if kind == "bucket" || kind == nil { keys += AppManifestReader.bucketKeys }
        if kind == "ipfs" || kind == nil { keys += AppManifestReader.ipfsKeys }
        refuseUnknown(table, keys, in: place)
        guard let first = present.first else {
            note(
                position,
                "\(place) does not say where its content is; write url = \"https://…\", or bucket, ipfs or directory")
            return nil
        }
        if present.count > 1 {
            note(present[1].keyPosition, "\(place) has \(first.key) and \(present[1].key); an origin has one source")
            return nil
        }
        let source: OriginSource? =
            switch first.key {
            case "url": url(first).map { .server($0) }
            case "bucket": bucket(table, first)
            case "ipfs": ipfs(table, first)
            default: directory(first)
            }
        // Everything is looked at, so that all mistakes are said at once.
        var manifest = OriginManifest(source: source ?? .directory(path: "/"))
        settings(table, &manifest)
        let before = problems.count
        if source != nil, let problem = manifest.problem { note(first.keyPosition, "\(place) has \(problem)") }
        return source == nil || problems.count > before ? nil : manifest
    }

    // MARK: Sources

    private mutating func url(_ entry: TOMLTable.Entry) -> OriginURL? {
        guard let text = text(entry) else { return nil }
        return url(text, at: entry.value.position)
    }

    private mutating func url(_ text: String, at position: TOMLPosition) -> OriginURL? {
        do { return try OriginURL(text) } catch {
            note(position, error.message)
            return nil
        }
    }

    private mutating func bucket(_ table: TOMLTable, _ entry: TOMLTable.Entry) -> OriginSource? {
        let name = text(entry)
        guard let endpoint = table["endpoint"] else {
            note(
                entry.keyPosition,
                "a bucket needs its store's address; write endpoint = \"https://s3.eu-central-1.amazonaws.com\"")
            return nil
        }
        let address = url(endpoint)
        let region = table["region"].flatMap { self.text($0) } ?? AppManifestReader.usualRegion
        let prefix = inner(table["prefix"])
        let isPathStyle = flag(table["path_style"]) ?? false
        let keys = keys(table)
        guard let name, let address else { return nil }
        return .bucket(
            OriginSource.Bucket(
                endpoint: address, region: region, name: name, prefix: prefix, isPathStyle: isPathStyle, keys: keys))
    }

    private mutating func keys(_ table: TOMLTable) -> OriginSource.Bucket.Keys? {
        let id = secretName(table["access_key_id_secret"])
        let key = secretName(table["secret_access_key_secret"])
        let session = secretName(table["session_token_secret"])
        let names = ["access_key_id_secret", "secret_access_key_secret", "session_token_secret"]
        guard let any = names.lazy.compactMap({ table[$0] }).first else { return nil }
        for name in names.dropLast() where table[name] == nil {
            note(any.keyPosition, "keys of a bucket come in pairs; write \(name) = \"NAME\" too")
        }
        guard let id, let key else { return nil }
        return OriginSource.Bucket.Keys(id: id, key: key, session: session)
    }

    /// The name of a secret. What stands there may be the secret itself, so it is not repeated.
    private mutating func secretName(_ entry: TOMLTable.Entry?) -> String? {
        guard let entry, let name = text(entry) else { return nil }
        guard FunctionBinding.isName(name) else {
            note(
                entry.value.position,
                "\(entry.key) is the name of a secret: letters, digits and underscores, no digit first. Values are "
                    + "given by `skerry secrets put`, never here")
            return nil
        }
        return name
    }

    private mutating func ipfs(_ table: TOMLTable, _ entry: TOMLTable.Entry) -> OriginSource? {
        let given = list(table["gateways"], OriginManifest.maxGateways, "a list of URLs such as [\"https://…\"]")
        let gateways = given.compactMap { url($0.0, at: $0.1) }
        let path = inner(table["path"])
        guard let cid = text(entry) else { return nil }
        guard OriginSource.IPFS.isCID(cid) else {
            note(entry.value.position, "\"\(cid)\" is no content identifier; it begins with Qm or b")
            return nil
        }
        let usual = (try? OriginURL(AppManifestReader.usualGateway)).map { [$0] } ?? []
        return .ipfs(OriginSource.IPFS(cid: cid, gateways: table["gateways"] == nil ? usual : gateways, path: path))
    }

    private mutating func directory(_ entry: TOMLTable.Entry) -> OriginSource? {
        guard var path = text(entry) else { return nil }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard path.hasPrefix("/") else {
            note(
                entry.value.position,
                "directory is an absolute path on the nodes, such as \"/srv/images\"; files of the app belong to a site"
            )
            return nil
        }
        return .directory(path: path)
    }

    /// A path without slashes at its ends.
    private mutating func inner(_ entry: TOMLTable.Entry?) -> String {
        guard let entry, let text = text(entry) else { return "" }
        var path = Substring(text)
        while path.hasPrefix("/") { path = path.dropFirst() }
        while path.hasSuffix("/") { path = path.dropLast() }
        if !path.isEmpty, let problem = SiteManifest.problem(withPath: String(path)) {
            note(entry.value.position, "\(entry.key) \(problem)")
        }
        return String(path)
    }

    // MARK: Settings

    private mutating func settings(_ table: TOMLTable, _ manifest: inout OriginManifest) {
        if let entry = table["host"] { manifest.host = text(entry) }
        manifest.request = fields(table["request_headers"])
        manifest.response = fields(table["response_headers"])
        cache(table["cache"], &manifest.cache)
        for item in entries(table["timeouts"], "a table such as { connect = \"5s\", answer = \"30s\" }") {
            switch item.key {
            case "connect": manifest.timeouts.connect = milliseconds(item) ?? manifest.timeouts.connect
            case "answer": manifest.timeouts.answer = milliseconds(item) ?? manifest.timeouts.answer
            case "idle": manifest.timeouts.idle = milliseconds(item) ?? manifest.timeouts.idle
            default:
                note(
                    item.keyPosition,
                    "timeouts has no key \"\(item.key)\"; known are connect, answer, idle"
                        + Suggestion.phrase(for: item.key, among: ["connect", "answer", "idle"]))
            }
        }
        manifest.retries = number(table["retries"], 0...OriginManifest.maxRetries) ?? manifest.retries
        manifest.usesShield = flag(table["shield"]) ?? manifest.usesShield
        manifest.followsRedirects = flag(table["follow_redirects"]) ?? manifest.followsRedirects
        manifest.maxObjectBytes = bytes(table["max_object"]) ?? manifest.maxObjectBytes
    }

    private mutating func fields(_ entry: TOMLTable.Entry?) -> OriginFieldChanges {
        var changes = OriginFieldChanges()
        for item in entries(
            entry, "a table of texts, and false for what is removed: { X-Name = \"text\", Cookie = false }")
        {
            let name = item.key.lowercased()
            if let problem = OriginFieldChanges.problem(withName: name) {
                note(item.keyPosition, "\(item.key) \(problem)")
                continue
            }
            switch item.value.content {
            case .boolean(false): changes.removed.insert(name)
            case .string(let value):
                if let problem = OriginFieldChanges.problem(withValue: value) {
                    note(item.value.position, "the value of \(item.key) \(problem)")
                    continue
                }
                if changes.written.updateValue(value, forKey: name) != nil {
                    note(item.keyPosition, "\(item.key) is given twice")
                }
            default:
                note(
                    item.value.position,
                    "\(item.key) is \(item.value.kindName), but must be text in quotes, or false to remove the field")
            }
        }
        return changes
    }

    private mutating func cache(_ entry: TOMLTable.Entry?, _ rules: inout OriginCacheRules) {
        guard let entry else { return }
        guard case .table(let table) = entry.value.content else {
            note(entry.value.position, "cache is \(entry.value.kindName), but must be a table such as { ttl = \"1h\" }")
            return
        }
        refuseUnknown(
            table,
            [
                "ttl", "negative_ttl", "stale_while_revalidate", "stale_if_error", "respect_origin", "respect_visitors",
                "query", "bypass", "paths",
            ], in: "cache")
        rules.defaultTTL = seconds(table["ttl"])
        rules.negativeTTL = seconds(table["negative_ttl"])
        rules.staleWhileRevalidate = seconds(table["stale_while_revalidate"])
        rules.staleIfError = seconds(table["stale_if_error"])
        rules.respectsVisitors = flag(table["respect_visitors"]) ?? true
        rules.respectsOrigin = flag(table["respect_origin"]) ?? true
        if !rules.respectsOrigin, table["ttl"] == nil, let flag = table["respect_origin"] {
            note(flag.keyPosition, "without the origin's word the time is yours to say; write ttl = \"1h\"")
        }
        rules.bypass = routes(table["bypass"])
        rules.query = query(table["query"])
        var ttls: [OriginCacheRules.TTL] = []
        for item in entries(table["paths"], "a table of times by path such as { \"/img/*\" = \"30d\" }") {
            if let problem = RoutePattern.problem(with: item.key) {
                note(item.keyPosition, "\"\(item.key)\": \(problem)")
            } else if let pattern = RoutePattern(item.key), let seconds = seconds(item) {
                ttls.append(OriginCacheRules.TTL(path: pattern, seconds: seconds))
            }
        }
        rules.ttls = ttls.sorted { $0.path.precedes($1.path) }
    }

    private mutating func query(_ entry: TOMLTable.Entry?) -> OriginCacheRules.Query {
        guard let entry else { return .all }
        switch entry.value.content {
        case .boolean(let flag): return flag ? .all : .none
        case .array:
            let names = list(entry, OriginCacheRules.maxParameters, "a list of parameters such as [\"width\"]")
            for (name, position) in names where !OriginCacheRules.isParameter(name) {
                note(position, "\"\(name)\" is no parameter of a URL: 1 to 64 visible characters without &, = and #")
            }
            return names.isEmpty ? .none : .only(Set(names.map(\.0)))
        default:
            note(
                entry.value.position,
                "query is \(entry.value.kindName), but must be true (all of it counts), false (nothing does) or a list of "
                    + "the parameters that count")
            return .all
        }
    }

    // MARK: Quantities

    mutating func number(_ entry: TOMLTable.Entry?, _ range: ClosedRange<Int>) -> Int? {
        guard let entry else { return nil }
        guard case .integer(let value) = entry.value.content, let number = Int(exactly: value), range.contains(number)
        else {
            note(
                entry.value.position, "\(entry.key) is a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    private mutating func seconds(_ entry: TOMLTable.Entry?) -> Int? {
        quantity(
            entry, [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)], 1,
            0...OriginCacheRules.maxSeconds, "a time such as 60 (seconds), \"10m\", \"1h\" or \"7d\", at most 10 years")
    }

    private mutating func milliseconds(_ entry: TOMLTable.Entry?) -> Int? {
        quantity(
            entry, [("ms", 1), ("s", 1_000), ("m", 60_000)], 1_000, 1...OriginManifest.maxTimeout,
            "a time such as 5 (seconds), \"5s\" or \"500ms\", at most 5 minutes")
    }

    private mutating func bytes(_ entry: TOMLTable.Entry?) -> Int? {
        quantity(
            entry, [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)], 1,
            1...OriginManifest.maxObjectBytesLimit, "a size such as \"500MiB\" or a number of bytes, at most 1 TiB")
    }

    /// A whole number, or one with a unit in quotes.
    mutating func quantity(
        _ entry: TOMLTable.Entry?, _ units: [(String, Int)], _ plain: Int, _ range: ClosedRange<Int>, _ form: String
    ) -> Int? {
        guard let entry else { return nil }
        var value: Int?
        switch entry.value.content {
        case .integer(let number):
            let (result, isTooLarge) = (Int(clamping: number)).multipliedReportingOverflow(by: plain)
            value = isTooLarge ? nil : result
        case .string(let text):
            for (unit, factor) in units where text.hasSuffix(unit) {
                let digits = text.dropLast(unit.count)
                guard (1...12).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    let number = Int(digits)
                else { continue }
                let (result, isTooLarge) = number.multipliedReportingOverflow(by: factor)
                value = isTooLarge ? nil : result
            }
        default: break
        }
        guard let value, range.contains(value) else {
            note(entry.value.position, "\(entry.key) is \(form)")
            return nil
        }
        return value
    }
}
