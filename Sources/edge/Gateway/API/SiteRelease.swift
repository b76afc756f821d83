public import Manifests

/// One immutable version of a static site.
public struct SiteRelease: Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// The site's files.
    public let manifest: SiteManifest

    /// A release; nothing is checked.
    public init(name: String, release: String, manifest: SiteManifest) {
        self.name = name
        self.release = release
        self.manifest = manifest
    }
}
