import Manifests

/// What a site has at a path.
enum SiteLookup: Equatable {
    case file(SiteManifest.File)
    /// The same content lives at this path, beginning with `/` and without a query.
    case redirect(String)
    /// Nothing; the site's own page that says so, if it has one.
    case missing(SiteManifest.File?)

    private static let indexName = "index.html"
    private static let missingName = "404.html"

    /// Folders answer with their index, a folder without its slash redirects (relative links would break), and a page
    /// may be asked for without `.html`.
    ///
    /// - Parameter path: Decoded, without the leading slash.
    static func find(_ path: String, in manifest: SiteManifest) -> SiteLookup {
        if path.isEmpty || path.hasSuffix("/") {
            if let file = manifest.files[path + indexName] { return .file(file) }
        } else {
            if let file = manifest.files[path] ?? manifest.files[path + ".html"] { return .file(file) }
            if manifest.files["\(path)/\(indexName)"] != nil { return .redirect(RequestPath.encode(path) + "/") }
        }
        return .missing(manifest.files[missingName])
    }
}
