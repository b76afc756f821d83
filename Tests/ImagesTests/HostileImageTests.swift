import Foundation
import Identity
import Logging
import NIOCore
import Testing

@testable import Images

/// Every image of the table is refused, at import and at unpacking, and leaves nothing.
@Suite struct HostileImageTests {
    @Test(arguments: HostileImage.all) func isRefusedAtImport(_ hostile: HostileImage) async throws {
        let folder = try TemporaryFolder()
        let image = hostile.make()
        try image.writeLayout(to: folder.path + "/layout")
        let store = MemoryStore()
        var settings = ImageImporter.Settings()
        settings.platform = .amd64
        settings.limits = hostile.limits
        settings.temporaryFolder = folder.path
        let importer = ImageImporter(store, settings: settings)
        let error = await #expect(throws: ImageError.self) {
            try await importer.run(.layout(folder.path + "/layout"))
        }
        #expect(error?.code == hostile.code, "\(error?.description ?? "")")
        // The honest layer may be there; the hostile one and the image are not.
        #expect(store.blobs.count <= 1)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/outside"))
    }

    /// As if whoever published the image had written the record without this importer.
    @Test(arguments: HostileImage.all, [UnpackedImage.Form.user, .flat])
    func isRefusedWhenItIsUnpacked(_ hostile: HostileImage, _ form: UnpackedImage.Form) async throws {
        let folder = try TemporaryFolder()
        let store = MemoryStore()
        let image = hostile.make()
        for bytes in image.blobs.values { store.put(bytes) }
        var settings = UnpackSettings()
        settings.limits = hostile.limits
        settings.form = form
        let unpacker = try ImageUnpacker(
            path: folder.path + "/cache", blobs: store, settings: settings, logger: Logger(label: "test"))
        let error = await #expect(throws: ImageError.self) {
            _ = try await unpacker.unpack(try image.stored(), for: "machine")
        }
        #expect(error?.code == hostile.code, "\(error?.description ?? "")")
        #expect(await unpacker.holders.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache/work").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache/layers").count <= 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["cache"])
        // What is broken does not keep others from being unpacked.
        let honest = TestImage([TarBuilder.make { $0.file("fine", "x") }])
        for bytes in honest.blobs.values { store.put(bytes) }
        let unpacked = try await unpacker.unpack(try honest.stored(), for: "other")
        #expect(try String(contentsOfFile: unpacked.layers[0] + "/fine", encoding: .utf8) == "x")
    }

    @Test func tableIsInTheDocuments() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/design/images.md").standardizedFileURL
        let text = try String(contentsOf: file, encoding: .utf8)
        if text.contains(HostileImage.table) { return }
        if ProcessInfo.processInfo.environment["SKERRY_WRITE_DOCS"] == nil {
            Issue.record("docs/design/images.md lacks the table; run this test with SKERRY_WRITE_DOCS=1")
            return
        }
        let begin = "<!-- hostile images: made by HostileImageTests -->\n"
        let end = "\n<!-- end -->"
        let start = try #require(text.range(of: begin)).upperBound
        let stop = try #require(text.range(of: end)).lowerBound
        try (text[..<start] + HostileImage.table + text[stop...]).write(to: file, atomically: true, encoding: .utf8)
    }
}
