/// Media types by file name extension (IANA registry, RFC 6838; `text/javascript` by RFC 9239).
public enum MediaType {
    /// The type of a file that no extension describes.
    public static let unknown = "application/octet-stream"

    /// The media type for a path, with `charset=utf-8` for text.
    public static func of(path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return unknown }
        return byExtension[name[name.index(after: dot)...].lowercased()] ?? unknown
    }

    /// Whether content of a type usually becomes smaller by a content coding: text and what is written as text, and
    /// formats without a coding of their own.
    public static func isCompressible(_ type: String) -> Bool {
        let essence = (type.split(separator: ";").first ?? "").lowercased()
        return essence.hasPrefix("text/") || essence.hasSuffix("+json") || essence.hasSuffix("+xml")
            || compressible.contains(essence)
    }

    private static let compressible: Set<String> = [
        "application/json", "application/javascript", "application/xml", "application/wasm", "application/yaml",
        "application/toml", "application/sql", "application/x-sh", "application/rtf", "application/vnd.apple.mpegurl",
        "application/x-ndjson", "font/ttf", "font/otf", "font/collection", "image/bmp", "image/vnd.microsoft.icon",
        "image/svg+xml", "model/gltf-binary",
    ]

    private static let byExtension: [String: String] = [
        "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "cjs": "text/javascript; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
        "csv": "text/csv; charset=utf-8", "ics": "text/calendar; charset=utf-8",
        "vtt": "text/vtt; charset=utf-8", "xml": "application/xml", "xsl": "application/xslt+xml",
        "json": "application/json", "map": "application/json", "jsonld": "application/ld+json",
        "geojson": "application/geo+json", "webmanifest": "application/manifest+json",
        "rss": "application/rss+xml", "atom": "application/atom+xml", "xhtml": "application/xhtml+xml",
        "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml",
        "wasm": "application/wasm", "pdf": "application/pdf", "rtf": "application/rtf",
        "epub": "application/epub+zip",
        "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
        "webp": "image/webp", "avif": "image/avif", "jxl": "image/jxl", "ico": "image/vnd.microsoft.icon",
        "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic", "apng": "image/apng",
        "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf", "ttc": "font/collection",
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "oga": "audio/ogg", "ogg": "audio/ogg",
        "opus": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac", "weba": "audio/webm", "mid": "audio/midi",
        "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime",
        "avi": "video/x-msvideo", "mpeg": "video/mpeg", "mkv": "video/matroska", "ts": "video/mp2t",
        "m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml",
        "zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar", "zst": "application/zstd",
        "br": "application/octet-stream", "bz2": "application/x-bzip2", "xz": "application/x-xz",
        "7z": "application/x-7z-compressed", "glb": "model/gltf-binary", "gltf": "model/gltf+json",
        "ipynb": "application/x-ipynb+json", "sql": "application/sql", "sh": "application/x-sh",
    ]
}
