/// Names by which an origin lets a group of responses be purged: `Surrogate-Key`, parted by white space, and `Cache-Tag`,
/// parted by commas. Case matters.
public enum SurrogateKeys {
    /// Most keys of a response. One with more is not stored, since a purge could miss it.
    public static let maximumKeys = 256
    /// Longest key in bytes.
    public static let maximumBytes = 1_024

    /// The keys in order, each once; nil beyond the limits.
    static func all(of fields: CacheFields) -> [String]? {
        var keys: [String] = []
        var known: Set<String> = []
        let spaced = fields.all("surrogate-key").flatMap { value in
            value.split { $0 == " " || $0 == "\t" }.map(String.init)
        }
        let listed = fields.all("cache-tag").flatMap { value in
            value.split(separator: ",").map { FieldText.trimmed($0) }
        }
        for key in spaced + listed where !key.isEmpty && known.insert(key).inserted { keys.append(key) }
        return keys.count <= maximumKeys && keys.allSatisfy { $0.utf8.count <= maximumBytes } ? keys : nil
    }
}
