public import Manifests

/// One immutable version of an app, or of a part of one, whose content comes from an origin.
public final class OriginRelease: Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// Whose it is, `<owner>/<name>`: stored answers of one tenant are never another's. Means nothing to the gateway.
    public let tenant: String
    /// Where the content comes from, and how it may be kept.
    public let manifest: OriginManifest
    /// What paths begin with and the origin does not see, without the slash at its end; empty for nothing.
    public let strippedPrefix: String
    /// What visitors see in place of the node's page when the node fails to answer for the app; nil for nothing.
    public let errorPage: SiteManifest.File?
    /// Whether it is served under its own host: search engines are told to leave it out.
    public let isPreview: Bool

    /// A release; nothing is checked.
    public init(
        name: String, release: String, tenant: String, manifest: OriginManifest, strippedPrefix: String = "",
        errorPage: SiteManifest.File? = nil, isPreview: Bool = false
    ) {
        self.errorPage = errorPage
        self.strippedPrefix = strippedPrefix
        self.isPreview = isPreview
        self.name = name
        self.release = release
        self.tenant = tenant
        self.manifest = manifest
    }
}
