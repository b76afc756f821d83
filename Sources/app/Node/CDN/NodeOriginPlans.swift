import EdgeCache
import Gateway
import HTTPCache
import Ledger
import Manifests
import NIOCore
import Origins

/// What releases say about their origins, for the cache.
struct NodeOriginPlans: OriginPlans {
    let routes: RouteTable
    let secrets: SecretKeeper

    func plan(for release: OriginRelease) throws -> OriginPlan { plan(release) }

    func plan(named name: String, release: String, path: String) -> OriginPlan? {
        for host in [name, "\(release)--\(name)"] {
            guard let origin = origin(routes.app(named: host, for: ""), path), origin.release == release else {
                continue
            }
            return plan(origin)
        }
        return nil
    }

    private func origin(_ app: GatewayApp?, _ path: String) -> OriginRelease? {
        switch app {
        case .origin(let release): return release
        case .composite(let release):
            if case .origin(let part) = release.part(path) { return part }
            return nil
        case .site, .function, .machine, .unavailable, nil: return nil
        }
    }

    private func plan(_ release: OriginRelease) -> OriginPlan {
        let manifest = release.manifest
        let secrets = self.secrets
        var rewrite: (@Sendable (inout CacheFields) -> Void)?
        if !manifest.response.isEmpty { rewrite = { fields in fields.apply(manifest.response) } }
        return OriginPlan(
            name: release.name, release: release.release, app: release.tenant, strippedPrefix: release.strippedPrefix,
            origin: { try await manifest.description(secrets, release.name, owner: release.tenant) },
            policy: { manifest.policy($0) },
            bypasses: { manifest.cache.bypasses($0) }, usesShield: manifest.usesShield,
            rewrite: rewrite, maxObjectBytes: manifest.maxObjectBytes)
    }
}

extension CacheFields {
    fileprivate mutating func apply(_ changes: OriginFieldChanges) {
        remove(changes.removed)
        for (name, value) in changes.written.sorted(by: { $0.key < $1.key }) { set(name, value) }
    }
}
