import Gateway
import Identity
import Ledger
import Manifests

extension GatewayApp {
    /// What a release's manifest, whose decoder has checked it, makes the gateway serve.
    init(_ manifest: Manifest, of release: ReleaseRecord, _ owner: AccountID, isPreview: Bool = false) {
        let (name, id) = (release.name.description, release.id.description)
        func site(_ manifest: SiteManifest) -> SiteRelease {
            SiteRelease(name: name, release: id, manifest: manifest, isPreview: isPreview)
        }
        switch manifest {
        case .site(let manifest): self = .site(site(manifest))
        case .function(let manifest):
            let files = manifest.assets.isEmpty ? nil : try? SiteManifest(files: manifest.assets)
            self = .function(
                FunctionRelease(
                    name: name, release: id, tenant: FunctionReleases.tenant(owner, name), assets: files.map(site),
                    routes: manifest.routes, isPreview: isPreview))
        }
    }
}
