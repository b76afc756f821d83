import Blake3
import Foundation
import Identity
import Testing

@testable import Images

@Suite struct ImageDocumentTests {
    private static let tar = TarBuilder.make { $0.file("a") }
    private let image = TestImage([tar])

    private func edited(_ bytes: [UInt8], _ old: String, _ new: String) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: old, with: new).utf8)
    }

    @Test func readsAConfig() throws {
        let config = try ImageConfig(image.config)
        #expect(config.platform == .amd64)
        #expect(config.entrypoint == ["/bin/server"])
        #expect(config.command == ["--fast"])
        #expect(config.environment == ["PATH=/bin", "A=b=c"])
        #expect(config.workingDirectory == "/data")
        #expect(config.user == "1000:1000")
        #expect(config.exposedPorts == [.init(number: 53, transport: "udp"), .init(number: 8_080, transport: "tcp")])
        #expect(config.volumes == ["/data"])
        #expect(config.stopSignal == "SIGINT")
        #expect(config.labels == ["maker": "test"])
        #expect(config.diffIDs == [ImageDigest(hashing: Self.tar)])
        let bare = try ImageConfig(
            Array(
                #"{"architecture":"arm64","os":"linux","variant":"v8","rootfs":{"type":"layers","diff_ids":["\#(ImageDigest(hashing: []))"]}}"#
                    .utf8))
        #expect(bare.platform == .arm64)
        #expect(bare.workingDirectory == "/")
        #expect(bare.stopSignal == nil)
    }

    @Test(arguments: [
        ("\"amd64\"", "\"mips\"", ImageError.Code.noPlatform), ("\"linux\"", "\"windows\"", .noPlatform),
        ("\"layers\"", "\"other\"", .badDocument), ("sha256:", "sha512:", .badDigest),
        ("\"8080/tcp\"", "\"0/tcp\"", .badDocument), ("\"8080/tcp\"", "\"8080/ip\"", .badDocument),
        ("\"8080/tcp\"", "\"80808/tcp\"", .badDocument), ("PATH=/bin", "PATH", .badDocument),
        ("PATH=/bin", "=x", .badDocument), ("\"/data\"", "\"data\"", .badDocument),
        ("\"/data\"", "\"/a/../b\"", .badDocument),
        ("--fast", "a\\u0000b", .badDocument), ("[\"--fast\"]", "\"--fast\"", .badDocument),
        ("{\"architecture\"", "[{\"architecture\"", .badDocument), ("\"rootfs\"", "\"root\"", .badDocument),
    ])
    func refusesConfigs(_ old: String, _ new: String, _ code: ImageError.Code) {
        let error = #expect(throws: ImageError.self) { try ImageConfig(edited(image.config, old, new)) }
        #expect(error?.code == code, "\(error?.description ?? "")")
    }

    @Test func namesThePlace() throws {
        let bad = edited(image.manifest, "\"size\":", "\"bytes\":")
        let error = #expect(throws: ImageError.self) { _ = try ImageManifest(bad, name: "manifest of x") }
        #expect(error?.message == "The manifest of x lacks config.size")
        let layer = edited(image.manifest, ImageMediaType.layerTar + "+gzip", "application/x")
        let second = #expect(throws: ImageError.self) { _ = try ImageManifest(layer, name: "manifest of x") }
        #expect(second?.message.hasPrefix("The manifest of x's layers[0] is application/x") == true)
        #expect(second?.code == .unknownMediaType)
    }

    @Test(arguments: [
        ("\"schemaVersion\":2", "\"schemaVersion\":1", ImageError.Code.badDocument),
        (ImageMediaType.manifest, "application/x", .unknownMediaType),
        (ImageMediaType.config, "application/vnd.cncf.helm.config.v1+json", .unknownMediaType),
        ("\"size\":", "\"size\":-", .badDocument), ("\"size\":", "\"size\":1e300,\"x\":", .badDocument),
        ("\"size\":", "\"size\":9000000000000", .tooLarge), ("sha256:", "sha256:0", .badDigest),
        (#""layers":["#, #""layers":[],"x":["#, .badDocument),
    ])
    func refusesManifests(_ old: String, _ new: String, _ code: ImageError.Code) {
        let error = #expect(throws: ImageError.self) {
            _ = try ImageManifest(edited(image.manifest, old, new), name: "manifest")
        }
        #expect(error?.code == code, "\(error?.description ?? "")")
    }

    @Test func limitsDocuments() throws {
        func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
            bytes + [UInt8](repeating: 0x20, count: count - bytes.count)
        }
        #expect(throws: Never.self) {
            _ = try ImageManifest(padded(image.manifest, to: ImageLimits.maxManifestBytes), name: "m")
        }
        #expect(throws: ImageError.self) {
            _ = try ImageManifest(padded(image.manifest, to: ImageLimits.maxManifestBytes + 1), name: "m")
        }
        func layers(_ count: Int) -> TestImage { TestImage([[UInt8]](repeating: Self.tar, count: count)) }
        #expect(try ImageManifest(layers(ImageLimits.maxLayers).manifest, name: "m").layers.count == 127)
        let error = #expect(throws: ImageError.self) {
            _ = try ImageManifest(layers(ImageLimits.maxLayers + 1).manifest, name: "m")
        }
        #expect(error?.code == .tooManyLayers)
        #expect(throws: ImageError.self) { _ = try ImageConfig(layers(ImageLimits.maxLayers + 1).config) }
        let entries = [(image: TestImage, architecture: String?, name: String?)](
            repeating: (image, nil, nil), count: ImageLimits.maxIndexEntries)
        #expect(try ImageIndex(TestImage.index(entries), name: "i").manifests.count == ImageLimits.maxIndexEntries)
        #expect(throws: ImageError.self) {
            _ = try ImageIndex(TestImage.index(entries + [entries[0]]), name: "i")
        }
        let arguments = (0..<ImageLimits.maxConfigItems).map { _ in "\"a\"" }.joined(separator: ",")
        #expect(throws: Never.self) { try ImageConfig(edited(image.config, "\"--fast\"", arguments)) }
        #expect(throws: ImageError.self) { try ImageConfig(edited(image.config, "\"--fast\"", arguments + ",\"a\"")) }
        let text = String(repeating: "a", count: ImageLimits.maxConfigTextBytes)
        #expect(throws: Never.self) { try ImageConfig(edited(image.config, "--fast", text)) }
        #expect(throws: ImageError.self) { try ImageConfig(edited(image.config, "--fast", text + "a")) }
    }

    @Test func otherEncodingsAreNoJSON() {
        let wide: [UInt8] = image.config.flatMap { [$0, UInt8(0)] }
        #expect(throws: ImageError.self) { try ImageConfig(wide) }
        #expect(throws: ImageError.self) { try ImageConfig(image.config + Array("{}".utf8)) }
        #expect(throws: ImageError.self) { try ImageConfig([0xff, 0xfe]) }
        #expect(throws: ImageError.self) { try ImageConfig([]) }
    }

    // MARK: Records

    @Test func recordsAreRead() throws {
        let stored = try image.stored()
        #expect(try StoredImage(record: stored.record) == stored)
        #expect(stored.id == image.manifestDigest)
        #expect(stored.blob == BlobID(Blake3.hash(stored.record)))
        let coded = try JSONDecoder().decode(StoredImage.self, from: try JSONEncoder().encode(stored))
        #expect(coded == stored)
    }

    @Test func otherBytesAreNoRecords() throws {
        let record = try image.stored().record
        for count in 0..<record.count {
            #expect(throws: ImageError.self) { try StoredImage(record: Array(record.prefix(count))) }
        }
        #expect(throws: ImageError.self) { try StoredImage(record: record + [0]) }
        // Everything before the blobs is bound by digests or lengths.
        for index in 0..<(record.count - 32) {
            var changed = record
            changed[index] ^= 0x40
            if let found = try? StoredImage(record: changed) { #expect(found.record == changed) }
        }
        let error = #expect(throws: ImageError.self) {
            _ = try StoredImage(manifest: image.manifest, config: image.config + [0x20], blobs: [])
        }
        #expect(error?.code == .wrongDigest)
        #expect(throws: ImageError.self) {
            _ = try StoredImage(manifest: image.manifest, config: image.config, blobs: [])
        }
    }
}
