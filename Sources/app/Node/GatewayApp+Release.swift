import Gateway
import Identity
import Ledger
import Manifests

extension GatewayApp {
    /// What a release's manifest, whose decoder has checked it, makes the gateway serve.
    ///
    /// - Parameter isShare: See `MachineRelease.isShare`.
    init(
        _ manifest: Manifest, of release: ReleaseRecord, _ owner: AccountID, isPreview: Bool = false,
        isShare: Bool = false
    ) {
        let (name, id) = (release.name.description, release.id.description)
        let tenant = FunctionReleases.tenant(owner, name)
        func site(_ manifest: SiteManifest) -> SiteRelease {
            SiteRelease(name: name, release: id, manifest: manifest, isPreview: isPreview)
        }
        switch manifest {
        case .site(let manifest): self = .site(site(manifest))
        case .function(let manifest):
            let files =
                manifest.assets.isEmpty ? nil : try? SiteManifest(files: manifest.assets, rules: manifest.siteRules)
            self = .function(
                FunctionRelease(
                    name: name, release: id, tenant: tenant, assets: files.map(site),
                    routes: manifest.routes, isPreview: isPreview))
        case .origin(let manifest):
            self = .origin(
                OriginRelease(name: name, release: id, tenant: tenant, manifest: manifest, isPreview: isPreview))
        case .machine(let manifest):
            if let port = manifest.httpPort {
                self = .machine(
                    MachineRelease(
                        name: name, release: id, tenant: tenant, port: port.name, isPreview: isPreview,
                        isShare: isShare))
            } else {
                self = .unavailable(reason: "its machine has no port for HTTP")
            }
        case .composite(let manifest):
            self = .composite(
                CompositeRelease(
                    name: name, release: id, tenant: tenant, manifest: manifest, isPreview: isPreview,
                    isShare: isShare))
        }
    }
}
