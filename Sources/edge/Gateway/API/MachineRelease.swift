public import Manifests

/// One immutable version of an app, or of a part of one, that machines answer.
public struct MachineRelease: Hashable, Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// Whose it is, `<owner>/<name>`. Means nothing to the gateway.
    public let tenant: String
    /// The name of the port that answers HTTP; nil for the machine's first one.
    public let port: String?
    /// What paths begin with and the machine does not see, without the slash at its end; empty for nothing.
    public let strippedPrefix: String
    /// What visitors see in place of the node's page when the node fails to answer for the app; nil for nothing.
    public let errorPage: SiteManifest.File?
    /// Whether it is served under its own host: search engines are told to leave it out, and no machine of another release
    /// answers.
    public let isPreview: Bool
    /// Whether some visitors get this release and others another one: machines of another release answer only while there
    /// is none of this one.
    public let isShare: Bool

    /// A release; nothing is checked.
    public init(
        name: String, release: String, tenant: String, port: String? = nil, strippedPrefix: String = "",
        errorPage: SiteManifest.File? = nil, isPreview: Bool = false, isShare: Bool = false
    ) {
        self.errorPage = errorPage
        self.name = name
        self.release = release
        self.tenant = tenant
        self.port = port
        self.strippedPrefix = strippedPrefix
        self.isPreview = isPreview
        self.isShare = isShare
    }
}
