import Foundation
import Logging
import Testing

@testable import Images

/// An image that somebody made, named by `SKERRY_IMAGE`: a layout, an archive or a registry's reference. Prints how long
/// importing and unpacking take.
@Suite struct RealImageTests {
    private static let name = ProcessInfo.processInfo.environment["SKERRY_IMAGE"]

    @Test(.enabled(if: name != nil, "SKERRY_IMAGE names no image")) func importsAndUnpacks() async throws {
        let name = try #require(Self.name)
        let folder = try TemporaryFolder()
        var isFolder: ObjCBool = false
        let origin: ImageImporter.Origin =
            if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
                isFolder.boolValue ? .layout(name) : .archive(name)
            } else {
                .registry(try ImageReference(checking: name))
            }
        let store = MemoryStore(partBytes: 256 << 10)
        var settings = ImageImporter.Settings()
        settings.platform = .amd64
        settings.temporaryFolder = folder.path
        settings.registry.trustsNamedRegistry = true
        let clock = ContinuousClock()
        var report: ImageImporter.Report?
        let importing = try await clock.measure {
            report = try await ImageImporter(store, settings: settings).run(origin)
        }
        let image = try #require(report).image
        print(
            "real image: imported \(image.id), \(image.byteCount) bytes, \(image.layers.count) layers in \(importing)")
        let unpacker = try ImageUnpacker(
            path: folder.path + "/cache", blobs: store, logger: Logger(label: "test"))
        for holder in ["first", "second"] {
            let unpacking = try await clock.measure { _ = try await unpacker.unpack(image, for: holder) }
            print("real image: unpacked for the \(holder) in \(unpacking), \(await unpacker.usage)")
        }
        let unpacked = try await unpacker.unpack(image, for: "third")
        print("real image: \(unpacked.mountOptions)")
    }
}
