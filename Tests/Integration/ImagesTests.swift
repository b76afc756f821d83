import ControlModel
import Foundation
import Testing

@Suite("Images of machines", .serialized)
struct ImagesTests {
    private struct Added: Codable {
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

    /// Packs a program into a layout; the same program and options give the same image.
    private func pack(_ network: TestNetwork, _ name: String, _ options: String...) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            .standardized
        let program = network.folder + "/server"
        try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: program))
        let process = Process()
        process.executableURL = root.appendingPathComponent("tools/pack-image")
        process.arguments = [program, network.folder + "/" + name, "--arch", "amd64"] + options
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return network.folder + "/" + name
    }

    private func add(_ network: TestNetwork, _ image: String) async throws -> Added {
        try await network.expectSuccess("images", "add", image, "--platform", "linux/amd64", "--json").json()
    }

    @Test("An image is added once, shares its layers, is listed, inspected, and pruned")
    func lifetime() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let first = try await add(network, try pack(network, "one", "--env", "A=b", "--expose", "8080"))
            #expect(first.storedBytes == first.byteCount)
            #expect(first.layers.map(\.wasShared) == [false])
            // Another config over the same layer, as an archive.
            let second = try await add(network, try pack(network, "two.tar", "--env", "A=c"))
            #expect(second.id != first.id)
            #expect(second.layers.map(\.wasShared) == [true])
            #expect(second.storedBytes == 0)

            let list: [ImageInfo] = try await network.expectSuccess("images", "list", "--json").json()
            #expect(Set(list.map(\.blob)) == [first.blob, second.blob])
            #expect(list.allSatisfy { !$0.isNeeded && $0.layers.map(\.images) == [2] })
            let shown: ImageInfo =
                try await network.expectSuccess("images", "inspect", String(first.blob.prefix(30)), "--json").json()
            #expect(shown.ports == ["8080/tcp"])
            #expect(shown.environment == ["A=b"])
            #expect(shown.names == [network.folder + "/one"])
            try await network.expectFailure("images", "inspect", "b", saying: "2 images")
            try await network.expectFailure("images", "inspect", "nothing", saying: "keeps no image")

            // A pin that is not the image's own stands for a release of a machine.
            try await network.expectSuccess("blob", "pin", second.blob)
            let dry: ImagePruneReport = try await network.expectSuccess("images", "prune", "--dry-run", "--json").json()
            #expect(dry.removed.map(\.blob) == [first.blob])
            let pruned: ImagePruneReport = try await network.expectSuccess("images", "prune", "--json").json()
            #expect(pruned.removed.map(\.blob) == [first.blob])
            #expect(pruned.kept == 1)
            #expect(pruned.freedBytes == 0)
            try await network.expectSuccess("blob", "gc", "--hours", "0")
            try await network.expectFailure("blob", "stat", first.blob, saying: "does not store")
            try await network.expectSuccess("blob", "stat", second.layers[0].blob)
            try await network.expectSuccess("blob", "unpin", second.blob)
            try await network.expectSuccess("images", "prune")
            try await network.expectSuccess("blob", "gc", "--hours", "0")
            try await network.expectFailure("blob", "stat", second.layers[0].blob, saying: "does not store")
        }
    }

    @Test("What is no image is refused with a reason, and nothing is kept")
    func refusals() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try await network.expectFailure("images", "add", "./none", saying: "no file or folder")
            try await network.expectFailure("images", "add", "nginx", saying: "image/bad-reference")
            let layout = try pack(network, "one")
            let blobs = layout + "/blobs/sha256/"
            for name in try FileManager.default.contentsOfDirectory(atPath: blobs) {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: blobs + name))
                if bytes.starts(with: [0x1f, 0x8b]) {
                    try (bytes.dropLast() + [bytes[bytes.count - 1] ^ 1]).write(to: URL(fileURLWithPath: blobs + name))
                }
            }
            try await network.expectFailure(
                "images", "add", layout, "--platform", "linux/amd64", saying: "image/")
            try await network.expectFailure(
                "images", "add", layout, "--platform", "linux/arm64", saying: "image/no-platform")
            let list: [ImageInfo] = try await network.expectSuccess("images", "list", "--json").json()
            #expect(list.isEmpty)
            let rows: [BlobRow] = try await network.expectSuccess("blob", "ls", "--json").json()
            #expect(rows.isEmpty)
        }
    }
}
