import Blake3
import Identity
import Outbound

@testable import Images

/// Decoders of what images, registries and people say. A target takes any bytes and says what was read wrongly; nil if
/// nothing was.
enum ImagesFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        [
            "image-tar": tar, "image-document": document, "image-record": record, "image-reference": reference,
            "image-layer": layer,
        ]
    }

    /// What a tar turned into.
    private struct Steps: TarConsumer {
        var plan = LayerPlan(limits: LayerLimits())
        var steps: [LayerStep] = []
        var expected = 0
        var problem: String?

        mutating func begin(_ entry: TarEntry) throws(ImageError) {
            expected = entry.size
            guard let step = try plan.on(entry) else { return }
            steps.append(step)
            if step.path.parts.contains(where: {
                $0.isEmpty || $0 == [0x2e] || $0 == [0x2e, 0x2e] || $0.contains(0x2f)
            }) {
                problem = "a path leads out of its folder"
            }
            if step.mode & 0o6000 != 0, step.action != .folder { problem = "a file has special rights" }
        }

        mutating func content(_ bytes: UnsafeRawBufferPointer) { expected -= bytes.count }

        mutating func end() { if expected != 0 { problem = "an entry has other content than it says" } }
    }

    /// The first byte is the size of the pieces in which the rest comes; that changes nothing.
    private static func tar(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        let (whole, wholeError) = steps(bytes, pieces: bytes.count + 1)
        let (parts, partsError) = steps(bytes, pieces: Int(first) + 1)
        if let problem = whole.problem ?? parts.problem { return problem }
        guard whole.steps == parts.steps, wholeError == partsError else { return "pieces change what a tar is" }
        // No path is written twice, and none through something that is no folder.
        var known: [LayerPath: LayerStep.Action] = [:]
        for step in whole.steps {
            let isHiding = step.action == .whiteout || step.action == .opaque
            if !isHiding, let before = known[step.path], before != .folder || step.action != .folder {
                return "a path is written twice"
            }
            if !isHiding { known[step.path] = step.action }
            var parent = step.path
            while !parent.isRoot {
                parent = parent.parent
                if let action = known[parent], action != .folder { return "a path leads through a link" }
            }
        }
        return nil
    }

    private static func steps(_ bytes: [UInt8], pieces: Int) -> (Steps, ImageError?) {
        var reader = TarReader(maxEntries: 1_000)
        var steps = Steps()
        do throws(ImageError) {
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
                var failure: ImageError?
                piece.withUnsafeBytes { piece in
                    do throws(ImageError) { try reader.feed(piece, &steps) } catch { failure = error }
                }
                if let failure { throw failure }
            }
            try reader.finish()
            steps.steps += steps.plan.finish()
            return (steps, nil)
        } catch { return (steps, error) }
    }

    /// The first byte says what the rest is.
    private static func document(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        switch first % 4 {
        case 0:
            guard let config = try? ImageConfig(bytes) else { return nil }
            guard (1...ImageLimits.maxLayers).contains(config.diffIDs.count), config.workingDirectory.hasPrefix("/"),
                config.environment.allSatisfy({ $0.contains("=") })
            else { return "a config is read that is none" }
        case 1:
            guard let manifest = try? ImageManifest(bytes, name: "manifest") else { return nil }
            guard (1...ImageLimits.maxLayers).contains(manifest.layers.count),
                manifest.layers.allSatisfy({ $0.size >= 0 && LayerCompression(mediaType: $0.mediaType) != nil })
            else { return "a manifest is read that is none" }
        case 2:
            guard let index = try? ImageIndex(bytes, name: "index") else { return nil }
            for platform in ImagePlatform.allCases {
                if let chosen = try? index.choose(platform, tag: nil, name: "index"), !index.manifests.contains(chosen)
                {
                    return "an image is chosen that is not in the index"
                }
            }
        default:
            if let challenge = BearerChallenge(String(decoding: bytes, as: UTF8.self)), challenge.realm.isEmpty {
                return "a challenge without a realm is read"
            }
        }
        return nil
    }

    private static func record(_ input: [UInt8]) -> String? {
        guard let image = try? StoredImage(record: input) else { return nil }
        return image.record == input ? nil : "a record is written otherwise than it was read"
    }

    private static func reference(_ input: [UInt8]) -> String? {
        guard let reference = ImageReference(String(decoding: input, as: UTF8.self)) else { return nil }
        guard ImageReference(reference.description) == reference else {
            return "a reference is read otherwise than printed"
        }
        guard let base = try? reference.base() else { return "a reference leads to no server" }
        return base.isSecure || base.isLoopback ? nil : "a reference leads to another machine without TLS"
    }

    /// The first byte says how the rest is compressed.
    private static func layer(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let compression: LayerCompression = [.none, .gzip, .zstd][Int(first % 3)]
        var limits = LayerLimits()
        limits.maxTarBytes = 8 << 20
        guard let reader = try? LayerReader(compression, limits: limits) else { return nil }
        var tar = TarReader(maxEntries: 1_000)
        var check = LayerCheck(limits: limits)
        var count = 0
        input.dropFirst().withUnsafeBytes { bytes in
            do throws(ImageError) {
                try reader.feed(bytes) { (part: UnsafeRawBufferPointer) throws(ImageError) in
                    count += part.count
                    try tar.feed(part, &check)
                }
                _ = try reader.finish()
            } catch {}
        }
        return count <= limits.maxTarBytes ? nil : "a layer unpacks to more than it may"
    }

    /// Small valid inputs by target and name.
    static func seeds() throws -> [String: [String: [UInt8]]] {
        let digest = ImageDigest(hashing: [])
        let config = Array(
            #"{"architecture":"amd64","os":"linux","config":{"Env":["A=b"],"ExposedPorts":{"80/tcp":{}}},"rootfs":{"type":"layers","diff_ids":["\#(digest)"]}}"#
                .utf8)
        let configDescriptor = ImageDescriptor(
            mediaType: ImageMediaType.config, digest: ImageDigest(hashing: config), size: config.count)
        let manifest = ImageManifest.encode(
            config: configDescriptor,
            layers: [ImageDescriptor(mediaType: ImageMediaType.layerTar, digest: digest, size: 0)])
        let image = try StoredImage(manifest: manifest, config: config, blobs: [BlobID(Blake3.hash([]))])
        let index = Array(
            #"{"schemaVersion":2,"manifests":[{"mediaType":"\#(ImageMediaType.manifest)","digest":"\#(digest)","size":2,"platform":{"os":"linux","architecture":"arm64"}}]}"#
                .utf8)
        let end = [UInt8](repeating: 0, count: 1_024)
        let pax = block("x", "x", size: 23) + padded("23 path=long/name/in/x\n".utf8)
        let entries =
            block("a/", "5") + block("a/file", "0", size: 3) + padded("abc".utf8) + block("a/link", "2", target: "file")
            + block("a/hard", "1", target: "a/file") + block("a/.wh.gone", "0") + pax + block("x", "0")
        return [
            "image-tar": ["empty": [9] + end, "entries": [200] + entries + end],
            "image-document": [
                "config": [0] + config, "manifest": [1] + manifest, "index": [2] + index,
                "challenge": [3] + Array(#"Bearer realm="https://a/t",service="s",scope="repository:a:pull""#.utf8),
            ],
            "image-record": ["one": image.record],
            "image-reference": [
                "tag": Array("docker.io/library/nginx:1".utf8), "digest": Array("localhost:5000/a/b@\(digest)".utf8),
            ],
            "image-layer": ["plain": [0] + entries + end],
        ]
    }

    private static func padded(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array(bytes) + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    /// A header of a tar.
    private static func block(_ name: String, _ type: Character, size: Int = 0, target: String = "") -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, 0)
        put("0000644\0" + "0000000\0" + "0000000\0", 100)
        let digits = String(size, radix: 8)
        put(String(repeating: "0", count: 11 - digits.count) + digits + "\0" + "00000000000\0" + "        ", 124)
        put(String(type) + target, 156)
        put("ustar\0" + "00", 257)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
        return block
    }
}
