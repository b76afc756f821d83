import Blake3
import Foundation
import Identity
import Testing

@testable import Images

@Suite struct ImageImporterTests {
    private let folder: TemporaryFolder
    private let store = MemoryStore()

    init() throws { folder = try TemporaryFolder() }

    private func importer(_ change: (inout ImageImporter.Settings) -> Void = { _ in }) -> ImageImporter {
        var settings = ImageImporter.Settings()
        settings.platform = .amd64
        settings.temporaryFolder = folder.path
        change(&settings)
        return ImageImporter(store, settings: settings)
    }

    private static let tars = [
        TarBuilder.make { $0.file("bin/server", String(repeating: "program", count: 10_000)) },
        TarBuilder.make { $0.file("etc/config", "x") },
    ]

    private func code(_ importer: ImageImporter, _ origin: ImageImporter.Origin) async -> ImageError.Code? {
        do {
            _ = try await importer.run(origin)
            return nil
        } catch { return (error as? ImageError)?.code }
    }

    @Test(arguments: [LayerCompression.none, .gzip, .zstd], [false, true])
    func importsALayout(_ compression: LayerCompression, _ isDocker: Bool) async throws {
        let image = TestImage(Self.tars, compression: compression, isDocker: isDocker)
        try image.writeLayout(to: folder.path + "/layout")
        let report = try await importer().run(.layout(folder.path + "/layout"))
        #expect(report.image.id == image.manifestDigest)
        #expect(report.layers.map(\.wasShared) == [false, false])
        #expect(report.storedBytes == image.layers.reduce(0) { $0 + $1.size })
        for (layer, descriptor) in zip(report.image.layers, image.layers) {
            #expect(layer.digest == descriptor.digest)
            #expect(store.blobs[layer.blob] == image.blobs[descriptor.digest])
        }
        let record = try #require(store.blobs[report.image.blob])
        #expect(try StoredImage(record: record) == report.image)
        // Again: nothing is sent.
        let again = try await importer().run(.layout(folder.path + "/layout"))
        #expect(again.image == report.image)
        #expect(again.layers.map(\.wasShared) == [true, true])
        #expect(again.storedBytes == 0)
    }

    @Test func sharesLayersOfOtherImages() async throws {
        let one = TestImage(Self.tars)
        let two = TestImage([Self.tars[0], TarBuilder.make { $0.file("other", "y") }])
        try one.writeLayout(to: folder.path + "/one")
        try two.writeLayout(to: folder.path + "/two")
        let first = try await importer().run(.layout(folder.path + "/one"))
        let second = try await importer().run(.layout(folder.path + "/two"))
        #expect(second.layers.map(\.wasShared) == [true, false])
        #expect(second.image.layers[0] == first.image.layers[0])
        #expect(store.stores(of: first.image.layers[0].blob) == 1)
    }

    @Test(arguments: [LayerCompression.none, .gzip, .zstd])
    func importsAnOCIArchive(_ compression: LayerCompression) async throws {
        let image = TestImage(Self.tars)
        let archive = Compressed.make(TestImage.archive(image.layout()), compression)
        try TestImage.write(archive, to: folder.path + "/image.tar")
        let report = try await importer().run(.archive(folder.path + "/image.tar"))
        #expect(report.image.id == image.manifestDigest)
        // No spool is left.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["image.tar"])
    }

    /// As `docker save` before version 25 writes it: a layer that occurs twice is a link.
    private func dockerArchive(_ image: TestImage, tags: [String] = ["app:1"]) -> [UInt8] {
        let config = "\(ImageDigest(hashing: image.config).hex).json"
        let names = tags.map { "\"\($0)\"" }.joined(separator: ",")
        return TarBuilder.make { tar in
            tar.folder("one")
            tar.file("one/VERSION", "1.0")
            tar.file("one/layer.tar", bytes: Self.tars[0])
            tar.file("two/layer.tar", bytes: Self.tars[1])
            tar.link("three/layer.tar", to: "../one/layer.tar")
            tar.file(config, bytes: image.config)
            tar.file(
                "manifest.json",
                #"[{"Config":"\#(config)","RepoTags":[\#(names)],"Layers":["one/layer.tar","two/layer.tar","three/layer.tar"]}]"#
            )
        }
    }

    @Test func importsWhatDockerSaves() async throws {
        let image = TestImage([Self.tars[0], Self.tars[1], Self.tars[0]], compression: .none)
        try TestImage.write(dockerArchive(image), to: folder.path + "/image.tar")
        let report = try await importer { $0.tag = "1" }.run(.archive(folder.path + "/image.tar"))
        #expect(report.image.layers.map(\.digest) == image.layers.map(\.digest))
        #expect(report.image.config.entrypoint == ["/bin/server"])
        #expect(report.image.layers[0].blob == report.image.layers[2].blob)
        #expect(report.image.layerBlobs.count == 2)
        let again = try await importer().run(.archive(folder.path + "/image.tar"))
        #expect(again.image.id == report.image.id)
        #expect(await code(importer { $0.tag = "2" }, .archive(folder.path + "/image.tar")) == .noPlatform)
    }

    @Test func choosesByPlatformAndName() async throws {
        let amd = TestImage([Self.tars[0]])
        let arm = TestImage([Self.tars[1]], architecture: "arm64")
        var both = amd
        both.blobs.merge(arm.blobs) { $1 }
        let layout = folder.path + "/layout"
        try both.writeLayout(
            to: layout, index: TestImage.index([(amd, "amd64", nil), (arm, "arm64", nil), (arm, "riscv64", nil)]))
        #expect(try await importer().run(.layout(layout)).image.id == amd.manifestDigest)
        #expect(try await importer { $0.platform = .arm64 }.run(.layout(layout)).image.id == arm.manifestDigest)
        try both.writeLayout(to: layout, index: TestImage.index([(arm, "arm64", nil)]))
        #expect(await code(importer(), .layout(layout)) == .noPlatform)
        // Without platforms in the index, the config says it.
        try both.writeLayout(to: layout, index: TestImage.index([(arm, nil, nil)]))
        #expect(await code(importer(), .layout(layout)) == .noPlatform)
        let other = TestImage([Self.tars[1]])
        both.blobs.merge(other.blobs) { $1 }
        try both.writeLayout(to: layout, index: TestImage.index([(amd, nil, "a"), (other, nil, "b")]))
        #expect(await code(importer(), .layout(layout)) == .noPlatform)
        #expect(try await importer { $0.tag = "b" }.run(.layout(layout)).image.id == other.manifestDigest)
        #expect(await code(importer { $0.tag = "c" }, .layout(layout)) == .noPlatform)
    }

    @Test func saysWhatIsMissing() async throws {
        let image = TestImage(Self.tars)
        #expect(await code(importer(), .layout(folder.path + "/none")) == .notFound)
        #expect(await code(importer(), .archive(folder.path + "/none.tar")) == .notFound)
        for digest in image.blobs.keys {
            var partial = image
            partial.blobs[digest] = nil
            let layout = folder.path + "/partial-\(digest.hex.prefix(8))"
            try partial.writeLayout(to: layout)
            #expect(await code(importer(), .layout(layout)) == .notFound)
        }
        try TestImage.write(TarBuilder.make { $0.file("a") }, to: folder.path + "/other.tar")
        #expect(await code(importer(), .archive(folder.path + "/other.tar")) == .notFound)
        try TestImage.write([1, 2, 3], to: folder.path + "/text")
        #expect(await code(importer(), .archive(folder.path + "/text")) == .badTar)
        let archive = TestImage.archive(image.layout())
        try TestImage.write(Array(archive.dropLast(2_000)), to: folder.path + "/cut.tar")
        #expect(await code(importer(), .archive(folder.path + "/cut.tar")) == .truncated)
    }

    @Test func refusesDocumentsThatAreChanged() async throws {
        let image = TestImage(Self.tars)
        for digest in [image.manifestDigest, ImageDigest(hashing: image.config)] {
            var changed = image
            let bytes = try #require(image.blobs[digest])
            changed.blobs[digest] = bytes.map { $0 == UInt8(ascii: "m") ? UInt8(ascii: "n") : $0 }
            let layout = folder.path + "/changed-\(digest.hex.prefix(8))"
            try changed.writeLayout(to: layout, index: TestImage.index([(image, nil, nil)]))
            #expect(await code(importer(), .layout(layout)) == .wrongDigest)
            changed.blobs[digest] = bytes + [0x20]
            try changed.writeLayout(to: layout, index: TestImage.index([(image, nil, nil)]))
            #expect(await code(importer(), .layout(layout)) == .wrongSize)
        }
    }

    @Test func followsNoLinksOutOfAnArchive() async throws {
        for (target, expected) in [
            ("/etc/passwd", ImageError.Code.absolutePath), ("../../etc/passwd", .pathTraversal), ("b", .badLink),
        ] {
            let archive = TarBuilder.make {
                $0.link("a", to: target)
                $0.link("b", to: "a")
                $0.file("manifest.json", "[]")
            }
            try TestImage.write(archive, to: folder.path + "/links.tar")
            #expect(await code(importer(), .archive(folder.path + "/links.tar")) == expected)
        }
    }
}
