import Foundation
import Manifests

/// The manifest decoder and the readers of sites' rules. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum ManifestsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["manifest": manifest, "site-redirects": redirects, "site-headers": headers]
    }

    /// Paths with which rules are asked.
    private static let paths = ["", "a", "a/b/c", "/evil", "a/b c/é.html", "x//y/"]

    private static func redirects(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        let rules: [SiteRedirect]
        do { rules = try SiteRulesReader.redirects(text) } catch { return place(of: error, in: text) }
        let site = SiteRules(redirects: rules)
        for path in paths {
            guard
                case .redirect(let status, let location)? = site.outcome(
                    path: path, query: "id=%2F%0a&x", hasFile: false)
            else { continue }
            guard (300..<400).contains(status) else { return "a redirect has the status \(status)" }
            if location.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) { return "a location holds a control byte" }
            let isOther = location.hasPrefix("//") || !location.hasPrefix("/")
            if isOther, !rules.contains(where: \.to.isAbsolute) { return "a path became another origin" }
        }
        return written(site)
    }

    private static func headers(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        let rules: [SiteHeaders.Rule]
        do { rules = try SiteRulesReader.headers(text) } catch { return place(of: error, in: text) }
        let headers = SiteHeaders(rules)
        for path in paths {
            for field in headers.merged(headers.matching(SitePath(path))).fields {
                if SiteHeaders.problem(withName: field.name) != nil
                    || SiteHeaders.problem(withValue: field.value) != nil
                {
                    return "a header that is refused was read"
                }
            }
        }
        return written(SiteRules(headers: rules))
    }

    /// Whether every mistake is at a place that there is.
    private static func place(of error: SiteRulesError, in text: String) -> String? {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.count
        let isRight =
            !error.problems.isEmpty && error.problems.allSatisfy { (1...lines).contains($0.line) && $0.column > 0 }
        return isRight ? nil : "a mistake has no place"
    }

    private static func written(_ rules: SiteRules) -> String? {
        guard let site = try? SiteManifest(files: [:], rules: rules), let bytes = try? Manifest.site(site).encoded()
        else {
            return "rules that were read are refused"
        }
        return (try? Manifest(decoding: bytes)) == .site(site) ? nil : "rules that were written are read as others"
    }

    private static func manifest(_ input: [UInt8]) -> String? {
        guard let manifest = try? Manifest(decoding: Data(input)) else { return nil }
        _ = manifest.blobs
        guard let bytes = try? manifest.encoded() else { return "what was read cannot be written" }
        // Written canonically, a manifest at the limit may grow beyond it.
        guard bytes.count <= ManifestLimits.maxManifestBytes else { return nil }
        return (try? Manifest(decoding: bytes)) == manifest ? nil : "what was written is read as another manifest"
    }
}
