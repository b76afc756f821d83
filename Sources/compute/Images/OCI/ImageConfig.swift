/// How an image's program is run, as its maker meant it (OCI Image 1.1, "Image Configuration").
public struct ImageConfig: Sendable, Hashable {
    /// A port that the program listens on.
    public struct ExposedPort: Sendable, Hashable, Comparable {
        /// 1 to 65,535.
        public var number: UInt16
        /// `tcp`, `udp` or `sctp`.
        public var transport: String

        public init(number: UInt16, transport: String) {
            self.number = number
            self.transport = transport
        }

        public static func < (left: ExposedPort, right: ExposedPort) -> Bool {
            (left.number, left.transport) < (right.number, right.transport)
        }
    }

    /// The processor that the programs are for.
    public var platform: ImagePlatform
    /// The program and its fixed arguments; may be empty.
    public var entrypoint: [String]
    /// Default arguments, which a machine may replace; the program itself when there is no entrypoint.
    public var command: [String]
    /// `NAME=value`, in order.
    public var environment: [String]
    /// An absolute path; `/` if the image names none.
    public var workingDirectory: String
    /// `user`, `uid`, `user:group` or `uid:gid`; empty for root.
    public var user: String
    /// In order.
    public var exposedPorts: [ExposedPort]
    /// Absolute paths of folders that hold data, in order.
    public var volumes: [String]
    /// Such as `SIGTERM` or `15`; nil for SIGTERM.
    public var stopSignal: String?
    /// The maker's notes.
    public var labels: [String: String]
    /// SHA-256 of each layer's tar, lowest first.
    public var diffIDs: [ImageDigest]

    private struct Raw: Decodable {
        var architecture: String
        var os: String
        var variant: String?
        var config: Inner?
        var rootfs: Rootfs
    }

    private struct Rootfs: Decodable {
        var type: String
        var diffIDs: [String]

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    private struct Nothing: Decodable {}

    private struct Inner: Decodable {
        var entrypoint: [String]?
        var command: [String]?
        var environment: [String]?
        var workingDirectory: String?
        var user: String?
        var exposedPorts: [String: Nothing]?
        var volumes: [String: Nothing]?
        var stopSignal: String?
        var labels: [String: String]?

        enum CodingKeys: String, CodingKey {
            case entrypoint = "Entrypoint"
            case command = "Cmd"
            case environment = "Env"
            case workingDirectory = "WorkingDir"
            case user = "User"
            case exposedPorts = "ExposedPorts"
            case volumes = "Volumes"
            case stopSignal = "StopSignal"
            case labels = "Labels"
        }
    }

    /// Reads a config, strictly.
    ///
    /// - Parameter bytes: JSON, at most ``ImageLimits/maxConfigBytes``.
    /// - Throws: ``ImageError`` `.badDocument`, `.tooLarge`, `.badDigest`, `.tooManyLayers`, `.noPlatform` for a system
    ///   that is not Linux or a processor that is not in ``ImagePlatform``.
    public init(_ bytes: [UInt8]) throws(ImageError) {
        let raw = try ImageDocument.decode(
            Raw.self, bytes, name: "image's config", limit: ImageLimits.maxConfigBytes)
        let found = ImagePlatform.allCases.first {
            $0.matches(os: raw.os, architecture: raw.architecture, variant: raw.variant)
        }
        guard let found else {
            let name = "\(raw.os)/\(raw.architecture)\(raw.variant.map { "/\($0)" } ?? "")"
            throw ImageError(
                .noPlatform, "The image is for \(name.prefix(100)); machines run linux/amd64 and linux/arm64")
        }
        platform = found
        guard raw.rootfs.type == "layers" else {
            throw ImageError(
                .badDocument, "The config's rootfs.type is \"\(raw.rootfs.type.prefix(40))\", not \"layers\"")
        }
        guard (1...ImageLimits.maxLayers).contains(raw.rootfs.diffIDs.count) else {
            throw ImageError(
                raw.rootfs.diffIDs.isEmpty ? .badDocument : .tooManyLayers,
                "The config names \(raw.rootfs.diffIDs.count) layers; 1 to \(ImageLimits.maxLayers) are taken")
        }
        var diffIDs: [ImageDigest] = []
        for (index, text) in raw.rootfs.diffIDs.enumerated() {
            diffIDs.append(try ImageDigest(text, at: "The config's rootfs.diff_ids[\(index)]"))
        }
        self.diffIDs = diffIDs
        let inner = raw.config
        entrypoint = inner?.entrypoint ?? []
        command = inner?.command ?? []
        environment = inner?.environment ?? []
        workingDirectory = inner?.workingDirectory.flatMap { $0.isEmpty ? nil : $0 } ?? "/"
        user = inner?.user ?? ""
        volumes = (inner?.volumes ?? [:]).keys.sorted()
        stopSignal = inner?.stopSignal.flatMap { $0.isEmpty ? nil : $0 }
        labels = inner?.labels ?? [:]
        exposedPorts = []
        for text in (inner?.exposedPorts ?? [:]).keys { exposedPorts.append(try ImageConfig.port(text)) }
        exposedPorts.sort()
        try check()
    }

    private func check() throws(ImageError) {
        try ImageDocument.check(entrypoint, "The config's Entrypoint")
        try ImageDocument.check(command, "The config's Cmd")
        try ImageDocument.check(environment, "The config's Env")
        try ImageDocument.check(volumes, "The config's Volumes")
        try ImageDocument.check(
            [workingDirectory, user, stopSignal ?? ""], "The config's WorkingDir, User, StopSignal")
        try ImageDocument.check(labels.keys.sorted(), "The config's Labels")
        try ImageDocument.check(Array(labels.values), "The config's Labels")
        for text in environment {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ImageError(.badDocument, "The config's Env has \"\(text.prefix(100))\", which is no NAME=value")
            }
        }
        for path in volumes + [workingDirectory] {
            guard path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw ImageError(
                    .badDocument,
                    "The config has the path \"\(path.prefix(200))\", which must be absolute and without ..")
            }
        }
    }

    private static func port(_ text: String) throws(ImageError) -> ExposedPort {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let transport = parts.count == 2 ? String(parts[1]) : "tcp"
        guard let number = parts.first.flatMap({ UInt16($0) }), number > 0, ["tcp", "udp", "sctp"].contains(transport)
        else {
            throw ImageError(
                .badDocument,
                "The config's ExposedPorts has \"\(text.prefix(40))\"; a port is a number and /tcp or /udp")
        }
        return ExposedPort(number: number, transport: transport)
    }
}
