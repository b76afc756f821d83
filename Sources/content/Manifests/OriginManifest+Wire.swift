import Foundation
import Wire

extension OriginManifest {
    /// The canonical message: defaults are left out, names are in order.
    var message: ManifestPBOrigin {
        let usual = OriginManifest(source: source)
        var message = ManifestPBOrigin()
        switch source {
        case .server(let url): message.server.url = url.description
        case .bucket(let bucket): message.bucket = OriginManifest.message(bucket)
        case .ipfs(let ipfs):
            message.ipfs.cid = ipfs.cid
            message.ipfs.gateways = ipfs.gateways.map(\.description)
            message.ipfs.path = ipfs.path
        case .directory(let path): message.directory.path = path
        }
        message.host = host ?? ""
        if !request.isEmpty { message.request = OriginManifest.message(request) }
        if !response.isEmpty { message.response = OriginManifest.message(response) }
        if cache != usual.cache { message.cache = OriginManifest.message(cache) }
        func number(_ value: Int, _ usual: Int) -> UInt64 { value == usual ? 0 : UInt64(clamping: value) }
        message.connectTimeout = number(timeouts.connect, usual.timeouts.connect)
        message.answerTimeout = number(timeouts.answer, usual.timeouts.answer)
        message.idleTimeout = number(timeouts.idle, usual.timeouts.idle)
        if retries != usual.retries { message.retries = UInt64(clamping: retries) }
        message.noShield = !usesShield
        message.followRedirects = followsRedirects
        message.maxObjectBytes = number(maxObjectBytes, usual.maxObjectBytes)
        return message
    }

    /// Checks every field: a node asks what this returns.
    init(_ message: ManifestPBOrigin) throws {
        self.init(source: try OriginManifest.source(message.source))
        func number(_ value: UInt64, _ usual: Int) -> Int { value == 0 ? usual : Int(clamping: value) }
        host = message.host.isEmpty ? nil : message.host
        request = try OriginManifest.fields(message.request)
        response = try OriginManifest.fields(message.response)
        cache = try OriginManifest.rules(message.cache)
        timeouts.connect = number(message.connectTimeout, timeouts.connect)
        timeouts.answer = number(message.answerTimeout, timeouts.answer)
        timeouts.idle = number(message.idleTimeout, timeouts.idle)
        if message.hasRetries { retries = Int(clamping: message.retries) }
        usesShield = !message.noShield
        followsRedirects = message.followRedirects
        maxObjectBytes = number(message.maxObjectBytes, maxObjectBytes)
        if let problem { throw ManifestError(.malformed, "The origin has \(problem)") }
    }

    private static func message(_ bucket: OriginSource.Bucket) -> ManifestPBOriginBucket {
        var message = ManifestPBOriginBucket()
        message.endpoint = bucket.endpoint.description
        message.region = bucket.region
        message.bucket = bucket.name
        message.prefix = bucket.prefix
        message.pathStyle = bucket.isPathStyle
        message.keySecret = bucket.keys?.id ?? ""
        message.secretKeySecret = bucket.keys?.key ?? ""
        message.sessionSecret = bucket.keys?.session ?? ""
        return message
    }

    private static func message(_ fields: OriginFieldChanges) -> ManifestPBOriginFields {
        var message = ManifestPBOriginFields()
        message.written = fields.written.sorted { $0.key < $1.key }.map { name, value in
            var field = ManifestPBOriginField()
            field.name = name
            field.value = value
            return field
        }
        message.removed = fields.removed.sorted()
        return message
    }

    private static func message(_ rules: OriginCacheRules) -> ManifestPBOriginCache {
        var message = ManifestPBOriginCache()
        message.ignoreOrigin = !rules.respectsOrigin
        message.ignoreVisitors = !rules.respectsVisitors
        if let seconds = rules.defaultTTL { message.defaultTtl = UInt64(clamping: seconds) }
        if let seconds = rules.negativeTTL { message.negativeTtl = UInt64(clamping: seconds) }
        if let seconds = rules.staleWhileRevalidate { message.staleWhileRevalidate = UInt64(clamping: seconds) }
        if let seconds = rules.staleIfError { message.staleIfError = UInt64(clamping: seconds) }
        message.ttls = rules.ttls.map { ttl in
            var entry = ManifestPBOriginTtl()
            entry.path = ttl.path.description
            entry.seconds = UInt64(clamping: ttl.seconds)
            return entry
        }
        message.bypass = rules.bypass.map(\.description)
        switch rules.query {
        case .all: break
        case .none: message.ignoreQuery = true
        case .only(let names): message.query = names.sorted()
        }
        return message
    }

    private static func source(_ source: ManifestPBOrigin.OneOf_Source?) throws -> OriginSource {
        switch source {
        case .server(let server): return .server(try url(server.url))
        case .bucket(let bucket):
            var keys: OriginSource.Bucket.Keys?
            if !bucket.keySecret.isEmpty || !bucket.secretKeySecret.isEmpty {
                let session = bucket.sessionSecret.isEmpty ? nil : bucket.sessionSecret
                keys = OriginSource.Bucket.Keys(id: bucket.keySecret, key: bucket.secretKeySecret, session: session)
            } else if !bucket.sessionSecret.isEmpty {
                throw ManifestError(.malformed, "The origin has a session's secret, but no keys")
            }
            return .bucket(
                OriginSource.Bucket(
                    endpoint: try url(bucket.endpoint), region: bucket.region, name: bucket.bucket,
                    prefix: bucket.prefix, isPathStyle: bucket.pathStyle, keys: keys))
        case .ipfs(let ipfs):
            guard ipfs.gateways.count <= maxGateways else {
                throw ManifestError(.tooLarge, "The origin has more than \(maxGateways) gateways")
            }
            return .ipfs(OriginSource.IPFS(cid: ipfs.cid, gateways: try ipfs.gateways.map(url), path: ipfs.path))
        case .directory(let directory): return .directory(path: directory.path)
        case nil:
            throw ManifestError(.malformed, "The origin has no source that this version knows; update the node")
        }
    }

    private static func url(_ text: String) throws -> OriginURL {
        do { return try OriginURL(text) } catch {
            throw ManifestError(.malformed, "The origin's URL \"\(text)\" cannot be read: \(error.message)")
        }
    }

    private static func fields(_ message: ManifestPBOriginFields) throws -> OriginFieldChanges {
        var fields = OriginFieldChanges(removed: Set(message.removed))
        for field in message.written where fields.written.updateValue(field.value, forKey: field.name) != nil {
            throw ManifestError(.malformed, "The origin writes the header field \"\(field.name)\" twice")
        }
        return fields
    }

    private static func rules(_ message: ManifestPBOriginCache) throws -> OriginCacheRules {
        var rules = OriginCacheRules()
        rules.respectsOrigin = !message.ignoreOrigin
        rules.respectsVisitors = !message.ignoreVisitors
        if message.hasDefaultTtl { rules.defaultTTL = Int(clamping: message.defaultTtl) }
        if message.hasNegativeTtl { rules.negativeTTL = Int(clamping: message.negativeTtl) }
        if message.hasStaleWhileRevalidate { rules.staleWhileRevalidate = Int(clamping: message.staleWhileRevalidate) }
        if message.hasStaleIfError { rules.staleIfError = Int(clamping: message.staleIfError) }
        rules.ttls = try message.ttls.map { entry in
            OriginCacheRules.TTL(path: try pattern(entry.path), seconds: Int(clamping: entry.seconds))
        }
        rules.bypass = try message.bypass.map(pattern)
        if message.ignoreQuery {
            guard message.query.isEmpty else {
                throw ManifestError(.malformed, "The origin leaves the query out of account, but names parameters")
            }
            rules.query = .none
        } else if !message.query.isEmpty {
            rules.query = .only(Set(message.query))
        }
        return rules
    }

    private static func pattern(_ text: String) throws -> RoutePattern {
        guard let pattern = RoutePattern(text) else {
            throw ManifestError(.malformed, "The origin's pattern \"\(text)\" cannot be read")
        }
        return pattern
    }
}
