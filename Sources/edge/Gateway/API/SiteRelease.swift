public import Manifests

/// One immutable version of a static site.
public final class SiteRelease: Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// The site's files.
    public let manifest: SiteManifest
    /// Whether it is served under its own host: search engines are told to leave it out.
    public let isPreview: Bool

    /// A release; nothing is checked.
    public init(name: String, release: String, manifest: SiteManifest, isPreview: Bool = false) {
        self.isPreview = isPreview
        self.name = name
        self.release = release
        self.manifest = manifest
    }
}
