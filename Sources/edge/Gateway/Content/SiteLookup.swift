import Manifests

/// What a site has at a path, its rules considered.
enum SiteLookup: Equatable {
    /// A file, with the status 200 or 404.
    case file(SiteManifest.File, status: Int)
    /// The client is sent to a URL, or to a path and perhaps a query.
    case redirect(status: Int, location: String)
    /// Nothing.
    case missing

    private static let indexName = "index.html"
    private static let pageEnding = ".html"
    /// The same content lives elsewhere: for every method, for good.
    private static let movedStatus = 308

    /// As below; no file is at a path with an encoded slash, so that rules that rewrite, and the answers for paths that
    /// nothing is at, are left.
    static func find(_ path: RequestPath.Decoded, query: String?, in manifest: SiteManifest) -> SiteLookup {
        guard let kept = path.withEncodedSlashes else { return find(path.text, query: query, in: manifest) }
        if case .rewrite(let target, let status)? = manifest.rules.outcome(path: kept, query: query, hasFile: false) {
            return file(target, manifest).map { .file($0, status: status) } ?? notFound(target, manifest)
        }
        return fallback(path.text, manifest)
    }

    /// Files first, except where a rule is forced; then the rules, then the index of a single-page app, then the page of
    /// the nearest folder that says that there is nothing.
    ///
    /// - Parameters:
    ///   - path: Decoded, without the leading slash.
    ///   - query: As sent, without `?`.
    static func find(_ path: String, query: String?, in manifest: SiteManifest) -> SiteLookup {
        let rules = manifest.rules
        let own = own(path, query, manifest)
        if !rules.redirects.isEmpty {
            switch rules.outcome(path: path, query: query, hasFile: own != .missing) {
            case .redirect(let status, let location)?: return .redirect(status: status, location: location)
            case .rewrite(let path, let status)?:
                if let file = file(path, manifest) { return .file(file, status: status) }
                return notFound(path, manifest)
            case nil: break
            }
        }
        return own == .missing ? fallback(path, manifest) : own
    }

    /// What is at a path that no file has and no rule means.
    private static func fallback(_ path: String, _ manifest: SiteManifest) -> SiteLookup {
        if manifest.rules.isSinglePage, isPage(path), let file = manifest.files[indexName] {
            return .file(file, status: 200)
        }
        return notFound(path, manifest)
    }

    private static func notFound(_ path: String, _ manifest: SiteManifest) -> SiteLookup {
        manifest.notFoundPage(for: path).map { .file($0, status: 404) } ?? .missing
    }

    /// Folders answer with their index, a folder without its slash redirects (relative links would break), a page may be
    /// asked for without `.html`, and one that is no folder loses its slash.
    private static func own(_ path: String, _ query: String?, _ manifest: SiteManifest) -> SiteLookup {
        let files = manifest.files
        func moved(_ target: String) -> SiteLookup {
            let encoded = RequestPath.encode(target)
            // A second slash at the start would name a host.
            return .redirect(
                status: movedStatus, location: "/" + encoded.drop { $0 == "/" } + (query.map { "?\($0)" } ?? ""))
        }
        if path.isEmpty || path.hasSuffix("/") {
            if let file = files[path + indexName] { return .file(file, status: 200) }
            let page = String(path.dropLast())
            return !page.isEmpty && files[page + pageEnding] != nil ? moved(page) : .missing
        }
        if let file = files[path] {
            if manifest.rules.hasCleanURLs, let clean = cleanPath(path, files) { return moved(clean) }
            return .file(file, status: 200)
        }
        if let file = files[path + pageEnding] { return .file(file, status: 200) }
        return files["\(path)/\(indexName)"] != nil ? moved(path + "/") : .missing
    }

    /// Where a page lives without its file's name; nil if the name is needed.
    private static func cleanPath(_ path: String, _ files: [String: SiteManifest.File]) -> String? {
        if path == indexName { return "" }
        if path.hasSuffix("/" + indexName) { return String(path.dropLast(indexName.utf8.count)) }
        guard path.hasSuffix(pageEnding) else { return nil }
        let page = String(path.dropLast(pageEnding.utf8.count))
        return page.isEmpty || page.hasSuffix("/") || files[page] != nil ? nil : page
    }

    /// The file that a rewrite leads to: by its name, as a page or as a folder.
    private static func file(_ path: String, _ manifest: SiteManifest) -> SiteManifest.File? {
        let files = manifest.files
        let isFolder = path.isEmpty || path.hasSuffix("/")
        let found =
            isFolder
            ? files[path + indexName] : files[path] ?? files[path + pageEnding] ?? files["\(path)/\(indexName)"]
        guard let found, found.isImmutable else { return found }
        // The name that was asked for may lead to another file tomorrow.
        return SiteManifest.File(
            blob: found.blob, byteCount: found.byteCount, contentType: found.contentType, variants: found.variants)
    }

    /// Whether a path could be a page of an app: a name with an ending is a file that is not there.
    private static func isPage(_ path: String) -> Bool {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8[path.utf8.index(after: $0)...] }
        return !(name ?? path.utf8[...]).contains(UInt8(ascii: "."))
    }
}
