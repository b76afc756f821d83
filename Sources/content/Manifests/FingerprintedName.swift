/// Tells names that change with their content, such as `app.3f2a9c1b.js`: caches may keep those for good.
///
/// A name that is taken for one by mistake shows old content for a year, so what is doubtful is none.
public enum FingerprintedName {
    /// Folders of build tools whose files all have such names.
    private static let folders = ["_next/static/", "_app/immutable/", "_astro/", "_nuxt/"]
    /// Pages and what clients look up under a fixed name.
    private static let never: Set<String> = ["html", "htm", "xhtml", "txt", "xml", "webmanifest", "rss", "atom"]

    /// Whether a file's name says that its content never changes.
    ///
    /// - Parameter path: Relative, `/` between components.
    public static func isImmutable(path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1, let ending = parts.popLast(), !never.contains(ending.lowercased()) else { return false }
        if folders.contains(where: { path.hasPrefix($0) || path.contains("/" + $0) }) { return true }
        let isAsset = path.hasPrefix("assets/") || path.contains("/assets/")
        let tokens = parts.flatMap { $0.split(separator: "-") }
        // The first token is the name proper; a hash alone may be an id that somebody chose.
        if tokens.dropFirst().contains(where: { isHexadecimal($0) || isMixed($0, minChanges: isAsset ? 3 : 4) }) {
            return true
        }
        // The alphabet of some hashes has "-" and "_" itself: the last eight letters of an asset count as one.
        guard isAsset, let last = parts.last, last.utf8.count > 9 else { return false }
        let tail = last.suffix(8)
        return last.dropLast(8).hasSuffix("-") && isMixed(tail, minChanges: 3)
    }

    /// At least eight hexadecimal digits, among them a letter and a figure: dates and words are none.
    private static func isHexadecimal(_ text: Substring) -> Bool {
        guard (8...64).contains(text.utf8.count) else { return false }
        let figures = text.utf8.count { (0x30...0x39).contains($0) }
        let letters = text.utf8.count { (0x61...0x66).contains($0) }
        return figures + letters == text.utf8.count && figures > 0 && letters > 0
    }

    /// Eight to 32 letters and figures that alternate as no word does: `Holiday2` has two changes of kind, `iPhone15` three.
    private static func isMixed(_ text: Substring, minChanges: Int) -> Bool {
        guard (8...32).contains(text.utf8.count) else { return false }
        var kinds: [Int] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39: kinds.append(0)
            case 0x41...0x5a: kinds.append(1)
            case 0x61...0x7a: kinds.append(2)
            case UInt8(ascii: "_"), UInt8(ascii: "-"): kinds.append(3)
            default: return false
            }
        }
        let changes = zip(kinds, kinds.dropFirst()).count { $0 != $1 }
        return changes >= minChanges && Set(kinds).isSuperset(of: [0, 1, 2])
    }
}
