public import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
public import Images
import Outbound

struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "Container images for machines: add, list, inspect, prune.",
        discussion: """
            A node keeps an image layer by layer, each layer once however many images have it; every other node \
            fetches the layers from those that have them. `skerry deploy` adds the image that skerry.toml names by \
            itself.
            """,
        subcommands: [Add.self, List.self, Inspect.self, Prune.self])
}

extension ImagePlatform: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension ImagesCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check an image and store it on a node.",
            discussion: """
                IMAGE is a folder with an OCI image layout, a file that `docker save`, `podman save` or `skopeo copy` \
                wrote (plain, gzip or zstd), or the name of an image in a registry: \
                registry.example/repository@sha256:… or …:tag. Only what anybody may read is fetched from a registry; \
                plain HTTP is spoken on this machine only. Every layer is checked as a whole before a byte of it is \
                sent.
                """)

        @Argument(help: "A folder, a file, or a registry's image.", completion: .file())
        var image: String

        @Option(help: ArgumentHelp("Which of several images in a folder or file.", valueName: "name"))
        var tag: String?

        @Option(help: ArgumentHelp("linux/amd64 or linux/arm64. Default: this machine's.", valueName: "platform"))
        var platform = ImagePlatform.current

        @Option(
            help: ArgumentHelp(
                "Addresses that a registry may send one to although they are not public, such as 10.0.0.0/8. May be repeated.",
                valueName: "addresses"))
        var allow: [String] = []

        @Option(
            help: ArgumentHelp(
                "Where downloads are kept while they are read. Default: $TMPDIR or /tmp.", valueName: "folder"),
            completion: .directory)
        var temporary: String?

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        private struct Report: Codable {
            struct Layer: Codable {
                var digest: String
                var blob: String
                var byteCount: Int
                var wasShared: Bool
            }

            var id: String
            var blob: String
            var byteCount: Int
            var storedBytes: Int
            var layers: [Layer]
        }

        func run() async throws {
            let client = try node.client(key: try account.load())
            var settings = ImageImporter.Settings()
            settings.platform = platform
            settings.tag = tag
            settings.temporaryFolder = temporary ?? Surroundings["TMPDIR"] ?? "/tmp"
            settings.registry.trustsNamedRegistry = true
            settings.registry.addresses.allowed = try allow.map { text in
                guard let block = AddressBlock(text) else {
                    throw ValidationError("--allow takes addresses such as 10.0.0.0/8, not \"\(text)\"")
                }
                return block
            }
            let meter = Meter("checking", total: nil)
            let (info, report) = try await client.addImage(
                try Self.origin(image), name: tag.map { "\(image) \($0)" } ?? image, settings: settings
            ) { progress in
                meter.set(progress.readBytes, total: progress.totalBytes)
                meter.annotate(", sent \(Human.bytes(progress.storedBytes))")
            }
            if node.data.json {
                let layers = report.layers.map {
                    Report.Layer(
                        digest: $0.layer.digest.description, blob: $0.layer.blob.description,
                        byteCount: $0.layer.byteCount, wasShared: $0.wasShared)
                }
                return try Terminal.printJSON(
                    Report(
                        id: info.id, blob: info.blob, byteCount: info.byteCount, storedBytes: report.storedBytes,
                        layers: layers))
            }
            Terminal.print("image  \(info.blob)")
            Terminal.print("digest \(info.id)")
            Terminal.print("for    \(info.platform)")
            let rows = report.layers.map { layer in
                [
                    String(layer.layer.digest.hex.prefix(12)), Human.bytes(layer.layer.byteCount),
                    layer.wasShared ? "shared" : "sent",
                ]
            }
            for line in Human.table([["LAYER", "SIZE", ""]] + rows) { Terminal.print(line) }
            Terminal.note("sent \(Human.bytes(report.storedBytes)) of \(Human.bytes(info.byteCount))")
        }

        /// What is there by that name, else a registry's image.
        static func origin(_ text: String) throws -> ImageImporter.Origin {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: text, isDirectory: &isFolder) {
                return isFolder.boolValue ? .layout(text) : .archive(text)
            }
            if text.hasPrefix("/") || text.hasPrefix(".") || text.hasSuffix(".tar") {
                throw CommandError("There is no file or folder \(text)")
            }
            return .registry(try ImageReference(checking: text))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the images that a node keeps.",
            discussion: "SHARED is how much of an image other images of the node have too.")

        @OptionGroup var node: NodeOption

        func run() async throws {
            let list = try await node.client().images()
            if node.data.json { return try Terminal.printJSON(list.images) }
            let rows = list.images.map { image in
                let shared = image.layers.reduce(0) { $1.images > 1 ? $0 + $1.byteCount : $0 }
                return [
                    image.blob, ImagesCommand.short(image.id), image.platform, Human.bytes(image.byteCount),
                    Human.bytes(shared), image.isNeeded ? "needed" : "unused",
                    Human.date(milliseconds: image.addedMilliseconds),
                    Terminal.safe(image.names.joined(separator: ", ")),
                ]
            }
            let head = ["IMAGE", "DIGEST", "PLATFORM", "SIZE", "SHARED", "STATE", "ADDED", "NAMES"]
            for line in Human.table([head] + rows) { Terminal.print(line) }
        }
    }

    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how an image runs and what it consists of.")

        @Argument(help: "The beginning of an image's blob id or digest, or one of its names.")
        var image: String

        @OptionGroup var node: NodeOption

        func run() async throws {
            let list = try await node.client().images()
            let found = list.images.filter { info in
                info.names.contains(image) || info.blob.hasPrefix(image) || info.id.hasPrefix(image)
                    || info.id.dropFirst("sha256:".count).hasPrefix(image)
            }
            guard let info = found.first, found.count == 1 else {
                throw CommandError(
                    found.isEmpty
                        ? "The node keeps no image \"\(image)\"; see `skerry images list`"
                        : "\"\(image)\" is the beginning of \(found.count) images; write more of it")
            }
            if node.data.json { return try Terminal.printJSON(info) }
            for (name, value) in Self.lines(info) where !value.isEmpty {
                Terminal.print(name.padding(toLength: 12, withPad: " ", startingAt: 0) + Terminal.safe(value))
            }
            let rows = info.layers.map { layer in
                [
                    ImagesCommand.short(layer.digest), Human.bytes(layer.byteCount), "\(layer.images)", layer.mediaType,
                    layer.blob,
                ]
            }
            for line in Human.table([["LAYER", "SIZE", "IMAGES", "TYPE", "BLOB"]] + rows) { Terminal.print(line) }
        }

        private static func lines(_ info: ImageInfo) -> [(String, String)] {
            let labels = info.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return [
                ("image", info.blob), ("digest", info.id), ("names", info.names.joined(separator: ", ")),
                ("platform", info.platform), ("size", Human.bytes(info.byteCount)),
                ("state", info.isNeeded ? "needed by a release or a pin" : "unused"),
                ("entrypoint", info.entrypoint.joined(separator: " ")),
                ("command", info.command.joined(separator: " ")),
                ("environment", info.environment.joined(separator: " ")), ("folder", info.workingDirectory),
                ("user", info.user), ("ports", info.ports.joined(separator: " ")),
                ("volumes", info.volumes.joined(separator: " ")), ("stop signal", info.stopSignal ?? ""),
                ("labels", labels.joined(separator: " ")),
            ]
        }
    }

    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let go of images that no machine's release needs.",
            discussion: """
                Their layers leave the disk when the node needs the room, or with `skerry blob gc`. What a release or \
                somebody's pin needs stays.
                """)

        @Flag(help: "Only say what would go.")
        var dryRun = false

        @OptionGroup var node: NodeOption
        @OptionGroup var account: AccountOption

        func run() async throws {
            let report = try await node.client(key: try account.load()).pruneImages(isDryRun: dryRun)
            if node.data.json { return try Terminal.printJSON(report) }
            for image in report.removed {
                Terminal.print("\(image.blob)  \(Terminal.safe(image.names.joined(separator: ", ")))")
            }
            let verb = dryRun ? "would remove" : "removed"
            Terminal.print(
                "\(verb) \(report.removed.count) images (\(Human.bytes(report.freedBytes))), kept \(report.kept)")
        }
    }

    static func short(_ digest: String) -> String { String(digest.dropFirst("sha256:".count).prefix(12)) }
}
