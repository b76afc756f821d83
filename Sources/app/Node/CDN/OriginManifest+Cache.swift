import HTTPCache
import Ledger
import Manifests
import NIOCore
import Origins

/// A release's words as the rooms of the edge use them.
extension OriginManifest {
    /// Statuses that say what is there; what an origin says nothing about is kept as long as the app wants.
    private static let positive = [200, 203, 204, 206, 300, 301, 308]
    /// Statuses that say that nothing is there.
    private static let negative = [404, 405, 410, 414, 501]

    /// The rules for a path, as visitors see it.
    func policy(_ path: String) -> CachePolicy {
        var policy = CachePolicy()
        policy.maximumBodyBytes = Int64(maxObjectBytes)
        policy.obeysRequests = cache.respectsVisitors
        switch cache.query {
        case .all: break
        case .none: policy.keyOptions.query = .none
        case .only(let names): policy.keyOptions.query = .only(names)
        }
        if let seconds = cache.defaultTTL {
            for status in OriginManifest.positive { policy.secondsByStatus[status] = Int64(seconds) }
        }
        if let seconds = cache.negativeTTL {
            for status in OriginManifest.negative { policy.secondsByStatus[status] = Int64(seconds) }
        }
        if let seconds = cache.staleWhileRevalidate { policy.staleWhileRevalidateSeconds = Int64(seconds) }
        if let seconds = cache.staleIfError { policy.staleIfErrorSeconds = Int64(seconds) }
        if let seconds = cache.forcedTTL(path) {
            policy.override = .everything(seconds: Int64(seconds))
        } else if !cache.respectsOrigin, let seconds = cache.defaultTTL {
            policy.override = .everything(seconds: Int64(seconds))
        }
        return policy
    }

    /// The origin, with the secrets that open it.
    ///
    /// - Parameter owner: See ``OriginDescription/owner``.
    /// - Throws: If a secret has no value here.
    func description(_ secrets: SecretKeeper, _ app: String, owner: String) async throws -> OriginDescription {
        var description = OriginDescription(try await description(of: source, secrets, app))
        description.owner = owner
        description.addedFields = OriginFields(request.written.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        description.removedFields = request.removed.sorted()
        description.host = host
        description.connectTimeout = .milliseconds(Int64(timeouts.connect))
        description.firstByteTimeout = .milliseconds(Int64(timeouts.answer))
        description.idleTimeout = .milliseconds(Int64(timeouts.idle))
        description.retries = retries
        description.followsRedirects = followsRedirects
        return description
    }

    private func description(
        of source: OriginSource, _ secrets: SecretKeeper, _ app: String
    ) async throws -> OriginDescription.Source {
        switch source {
        case .server(let url): return .http(url: url.description)
        case .directory(let path): return .directory(path: path)
        case .ipfs(let ipfs):
            var location = IPFSLocation(cid: ipfs.cid, gateways: ipfs.gateways.map(\.description))
            location.path = ipfs.path
            return .ipfs(location)
        case .bucket(let bucket):
            var location = S3Location(endpoint: bucket.endpoint.description, bucket: bucket.name)
            location.region = bucket.region
            location.prefix = bucket.prefix.isEmpty ? "" : bucket.prefix + "/"
            location.usesPathStyle = bucket.isPathStyle
            guard let keys = bucket.keys, let name = AppName(app) else { return .s3(location) }
            let values = try await secrets.values(of: source.secrets, for: name)
            location.credentials = S3Location.Credentials(
                accessKeyID: values[keys.id] ?? "", secretAccessKey: values[keys.key] ?? "",
                sessionToken: keys.session.flatMap { values[$0] })
            return .s3(location)
        }
    }
}
