import Outbound

/// The name of an image in a registry, such as `registry.example/team/app@sha256:…` or `localhost:5000/app:1.2`.
///
/// The form is that of other tools (OCI Distribution 1.1, "Pulling manifests"), except that the registry must be named:
/// nothing is looked for in a place that nobody wrote.
public struct ImageReference: Hashable, Sendable, LosslessStringConvertible {
    /// The registry: a DNS name or address, and its port unless it is the scheme's own.
    public let registry: String
    /// Such as `library/nginx`.
    public let repository: String
    /// Nil if only the digest is named.
    public let tag: String?
    /// The manifest or index that it must be; nil to take what the tag names now.
    public let digest: ImageDigest?

    /// Longest repository and tag, in bytes (OCI Distribution 1.1).
    private static let maxRepositoryBytes = 255
    private static let maxTagBytes = 128
    /// The name that people use, and the one that answers.
    private static let dockerHub = (name: "docker.io", host: "registry-1.docker.io")

    /// Nil for a text that names no image; ``init(checking:)`` says why.
    public init?(_ description: String) { try? self.init(checking: description) }

    /// - Throws: ``ImageError`` `.badReference`.
    public init(checking text: String) throws(ImageError) {
        func bad(_ reason: String) -> ImageError {
            ImageError(
                .badReference,
                "\"\(text.prefix(300))\" names no image: \(reason); write registry.example/repository@sha256:… or …:tag"
            )
        }
        guard text.utf8.count <= 1_024 else { throw bad("it is longer than 1024 bytes") }
        var rest = text[...]
        var digest: ImageDigest?
        if let at = rest.firstIndex(of: "@") {
            guard let found = ImageDigest(String(rest[rest.index(after: at)...])) else {
                throw bad("behind @ there must be sha256: and 64 lower-case hexadecimal digits")
            }
            digest = found
            rest = rest[..<at]
        }
        guard let slash = rest.firstIndex(of: "/") else {
            throw bad("it lacks the registry, as in docker.io/library/nginx")
        }
        let host = rest[..<slash]
        guard host.contains(".") || host.contains(":") || host == "localhost" else {
            throw bad("\"\(host)\" is no registry's host name")
        }
        rest = rest[rest.index(after: slash)...]
        var tag: String?
        if let colon = rest.firstIndex(of: ":") {
            let found = rest[rest.index(after: colon)...]
            guard ImageReference.isTag(found) else { throw bad("\"\(found)\" is no tag") }
            tag = String(found)
            rest = rest[..<colon]
        }
        guard ImageReference.isRepository(rest) else { throw bad("\"\(rest)\" is no repository") }
        guard tag != nil || digest != nil else { throw bad("it has neither a digest nor a tag") }
        guard let url = try? HTTPURL("https://\(host)/"), !host.contains("@"), !host.contains("\\") else {
            throw bad("\"\(host)\" is no host")
        }
        // On this machine plain HTTP is spoken, which has another port of its own.
        registry = url.isLoopback ? (try? HTTPURL("http://\(host)/"))?.hostAndPort ?? url.hostAndPort : url.hostAndPort
        repository = String(rest)
        self.tag = tag
        self.digest = digest
    }

    /// The one form.
    public var description: String {
        "\(registry)/\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// What a registry is asked for: the digest if there is one.
    var wanted: String { digest?.description ?? tag ?? "latest" }

    /// The registry's root. Plain HTTP on this machine only.
    ///
    /// - Throws: ``ImageError`` `.badReference`.
    func base() throws(ImageError) -> HTTPURL {
        let host = registry == Self.dockerHub.name ? Self.dockerHub.host : registry
        do {
            var url = try HTTPURL("https://\(host)/")
            if url.isLoopback {
                // Another scheme has another port of its own.
                url = try HTTPURL("http://\(host)/")
            }
            return url
        } catch {
            throw ImageError(.badReference, "\"\(registry)\" is no registry: \(error)")
        }
    }

    private static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= maxTagBytes, isWord(first) else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Parts of letters and digits with `.`, `_`, `__` or hyphens between them.
    private static func isRepository(_ text: Substring) -> Bool {
        guard text.utf8.count <= maxRepositoryBytes else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last, isLowerAlphanumeric(first),
                isLowerAlphanumeric(last)
            else { return false }
            let separators = part.utf8.split(whereSeparator: isLowerAlphanumeric)
            return separators.allSatisfy { separator in
                separator.allSatisfy { $0 == UInt8(ascii: "-") } || separator.elementsEqual(".".utf8)
                    || separator.elementsEqual("_".utf8) || separator.elementsEqual("__".utf8)
            }
        }
    }
}

extension HTTPURL {
    /// Whether it leads to this machine, by its form alone.
    var isLoopback: Bool {
        switch host {
        case .name(let name): name == "localhost"
        case .address(.v4(let bits)): bits >> 24 == 127
        case .address(.v6(let high, let low)): high == 0 && low == 1
        }
    }
}
