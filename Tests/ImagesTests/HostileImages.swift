import Foundation

@testable import Images

/// An image that wants to harm its host, or is broken, and what becomes of it.
struct HostileImage: Sendable, CustomStringConvertible {
    /// What the image does.
    var does: String
    var code: ImageError.Code
    /// Makes the layer's tar; the layer is right otherwise.
    var tar: @Sendable (inout TarBuilder) -> Void = { $0.file("a") }
    /// Changes the layer as it is transferred.
    var change: (@Sendable ([UInt8]) -> [UInt8])?
    /// Whether the documents name the layer as it was before the change.
    var liesAboutChange = false
    /// The config says another tar.
    var diffID: ImageDigest?
    var compression = LayerCompression.gzip
    /// Another media type than that of the compression, for the hostile layer only.
    var mediaType: String?
    var limits = LayerLimits()

    var description: String { does }

    /// The image, whose one layer is below an honest one.
    func make() -> TestImage {
        var builder = TarBuilder()
        tar(&builder)
        let bytes = builder.finished()
        let honest = TarBuilder.make { $0.file("honest", "x") }
        var image = TestImage(
            [honest, bytes], compression: compression,
            diffIDs: diffID.map { [ImageDigest(hashing: honest), $0] })
        if let change {
            let layer = image.layers[1]
            let changed = change(image.blobs[layer.digest] ?? [])
            if liesAboutChange {
                image.blobs[layer.digest] = changed
            } else {
                image = TestImage(
                    layers: [image.blobs[image.layers[0].digest] ?? [], changed], config: image.config,
                    layerType: TestImage.mediaType(compression))
            }
        }
        if let mediaType {
            image = TestImage(
                layers: image.layers.map { image.blobs[$0.digest] ?? [] }, config: image.config,
                layerType: TestImage.mediaType(compression), topLayerType: mediaType)
        }
        return image
    }

    private static func small(_ change: (inout LayerLimits) -> Void) -> LayerLimits {
        var limits = LayerLimits()
        change(&limits)
        return limits
    }

    static let all: [HostileImage] = [
        HostileImage(does: "writes to `../outside`", code: .pathTraversal) { $0.file("../outside", "evil") },
        HostileImage(does: "writes to `a/../../outside`", code: .pathTraversal) { $0.file("a/../../outside", "evil") },
        HostileImage(does: "climbs in a pax header's path", code: .pathTraversal) {
            $0.pax([("path", "x/../../outside")])
            $0.file("harmless", "evil")
        },
        HostileImage(does: "climbs in GNU's long name", code: .pathTraversal) {
            $0.long("x/../../outside")
            $0.file("harmless", "evil")
        },
        HostileImage(does: "climbs in ustar's prefix", code: .pathTraversal) {
            $0.header("outside", .init(prefix: "a/../.."))
        },
        HostileImage(does: "writes to `/etc/passwd`", code: .absolutePath) { $0.file("/etc/passwd", "evil") },
        HostileImage(does: "writes to a file through its own link to `/`", code: .throughLink) {
            $0.link("door", to: "/")
            $0.file("door/tmp/outside", "evil")
        },
        HostileImage(does: "writes to a file through its own link to `..`", code: .throughLink) {
            $0.link("door", to: "../..")
            $0.file("door/outside", "evil")
        },
        HostileImage(does: "makes a folder through its own link", code: .throughLink) {
            $0.link("door", to: "/tmp")
            $0.folder("door/outside")
        },
        HostileImage(does: "hides a name through its own link", code: .throughLink) {
            $0.link("door", to: "/etc")
            $0.file("door/.wh.passwd")
        },
        HostileImage(does: "writes through a link that it made a hard link of", code: .throughLink) {
            $0.link("first", to: "/tmp")
            $0.hardLink("door", to: "first")
            $0.file("door/outside", "evil")
        },
        HostileImage(does: "replaces a folder by a link and writes into it", code: .duplicate) {
            $0.folder("door")
            $0.link("door", to: "/tmp")
            $0.file("door/outside", "evil")
        },
        HostileImage(does: "has a hard link to `../../../../etc/passwd`", code: .pathTraversal) {
            $0.hardLink("stolen", to: "../../../../etc/passwd")
        },
        HostileImage(does: "has a hard link to `/etc/passwd`", code: .absolutePath) {
            $0.hardLink("stolen", to: "/etc/passwd")
        },
        HostileImage(does: "has a hard link through its own link", code: .throughLink) {
            $0.link("door", to: "/etc")
            $0.hardLink("stolen", to: "door/passwd")
        },
        HostileImage(does: "has a hard link to what is not there", code: .badLink) {
            $0.hardLink("stolen", to: "nothing")
        },
        HostileImage(does: "has a hard link to a folder", code: .badLink) {
            $0.folder("loop")
            $0.hardLink("loop/again", to: "loop")
        },
        HostileImage(does: "brings a disk as a block device", code: .device) { $0.special("disk", "4") },
        HostileImage(does: "brings the memory as a character device", code: .device) { $0.special("mem", "3") },
        HostileImage(does: "brings overlay's own whiteout, the device 0:0", code: .device) {
            $0.special("hidden", "3")
        },
        HostileImage(does: "brings a named pipe", code: .device) { $0.special("pipe", "6") },
        HostileImage(does: "hides `..`", code: .badWhiteout) { $0.file("a/.wh...") },
        HostileImage(does: "hides `.`", code: .badWhiteout) { $0.file("a/.wh..") },
        HostileImage(does: "hides nothing", code: .badWhiteout) { $0.file("a/.wh.") },
        HostileImage(does: "has a whiteout with content", code: .badWhiteout) { $0.file(".wh.a", "content") },
        HostileImage(does: "has a whiteout that is a link", code: .badWhiteout) { $0.link(".wh.a", to: "/") },
        HostileImage(does: "has a file twice", code: .duplicate) {
            $0.file("bin/sh", "good")
            $0.file("bin/sh", "evil")
        },
        HostileImage(does: "has a file twice under two spellings", code: .duplicate) {
            $0.file("bin/sh", "good")
            $0.file("./bin//sh", "evil")
        },
        HostileImage(does: "has a sparse file of GNU tar", code: .sparse) { $0.header("huge", .init(type: "S")) },
        HostileImage(does: "has a sparse file in pax headers", code: .sparse) {
            $0.pax([("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "1099511627776")])
            $0.file("huge")
        },
        HostileImage(does: "has a part of a name of 256 bytes", code: .nameTooLong) {
            $0.pax([("path", String(repeating: "n", count: 256))])
            $0.file("n")
        },
        HostileImage(does: "has a path of 4,096 bytes", code: .nameTooLong) {
            $0.long(String(repeating: "ab/", count: 1_366))
            $0.file("n")
        },
        HostileImage(does: "has folders 257 deep", code: .nameTooLong) {
            $0.long(String(repeating: "d/", count: 257))
            $0.folder("n")
        },
        HostileImage(does: "has a name with a zero byte", code: .badName) {
            $0.pax([("path", "harmless\0/../../outside")])
            $0.file("n")
        },
        HostileImage(does: "has extended headers of more than a megabyte", code: .nameTooLong) { tar in
            for _ in 0..<3 { tar.pax([("comment", String(repeating: "c", count: 400_000))]) }
            tar.file("n")
        },
        HostileImage(does: "has an entry of a kind that images cannot have", code: .unknownEntry) {
            $0.header("volume", .init(type: "V"))
        },
        HostileImage(does: "gives a link content, which readers skip or not", code: .badTar) {
            $0.header("link", .init(type: "2", size: 512, target: "a"))
            $0.file("inner", "evil")
        },
        HostileImage(does: "has a header with a wrong checksum", code: .badTar) {
            $0.header("a", .init(checksum: 12_345))
        },
        HostileImage(does: "has something behind the end of the tar", code: .trailingData) {
            $0.file("a")
            $0.raw([UInt8](repeating: 0, count: 1_024))
            $0.file("b", "evil")
        },
        HostileImage(
            does: "ends inside a file", code: .truncated,
            tar: {
                $0.header("a", .init(size: 100_000))
                $0.content([1, 2, 3])
            }),
        HostileImage(
            does: "is cut off as it is transferred", code: .truncated, change: { Array($0.dropLast(9)) }),
        HostileImage(
            does: "is damaged as it is transferred", code: .badCompression,
            change: { bytes in
                var bytes = bytes
                // The checksum of gzip's trailer.
                bytes[bytes.count - 8] ^= 0xff
                return bytes
            }),
        HostileImage(
            does: "is a zstd stream that asks for 128 MiB of memory", code: .badCompression,
            tar: { $0.file("a", bytes: [UInt8](repeating: 7, count: 1 << 20)) },
            change: { _ in
                Compressed.zstd([UInt8](repeating: 7, count: 3 << 20), windowLog: 27, isStreamed: true)
            }, compression: .zstd),
        HostileImage(
            does: "is another layer than its digest says", code: .wrongDigest,
            change: { bytes in
                // The time in gzip's header: the tar stays the same.
                var bytes = bytes
                bytes[4] ^= 1
                return bytes
            }, liesAboutChange: true),
        HostileImage(
            does: "is longer than the manifest says", code: .wrongSize,
            change: { $0 + Compressed.gzip([]) }, liesAboutChange: true),
        HostileImage(
            does: "unpacks to another tar than the config says", code: .wrongDiffID,
            diffID: ImageDigest(hashing: [1, 2, 3])),
        HostileImage(
            does: "is a layer of an unknown media type", code: .unknownMediaType,
            mediaType: "application/vnd.example.layer+lzma"),
        HostileImage(
            does: "has a layer that only its maker may hand out", code: .unknownMediaType,
            mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        HostileImage(
            does: "calls a gzip layer a plain tar", code: .badTar,
            tar: { $0.file("noise", bytes: TarBuilder.noise(4_096)) },
            mediaType: ImageMediaType.layerTar),
        HostileImage(
            does: "unpacks to more bytes than a layer may (limit here 1 MB)", code: .bomb,
            tar: { $0.file("zeros", bytes: [UInt8](repeating: 0, count: 1_000_000)) },
            limits: small { $0.maxTarBytes = 1_000_000 }),
        HostileImage(
            does: "unpacks to 250 times its size (from 100 kB on here)", code: .ratio,
            tar: { $0.file("zeros", bytes: [UInt8](repeating: 0, count: 4_000_000)) },
            limits: small { $0.ratioFloorBytes = 100_000 }),
        HostileImage(
            does: "has more entries than a layer may (limit here 100)", code: .tooManyEntries,
            tar: { tar in (0...100).forEach { tar.file("\($0)") } }, limits: small { $0.maxEntries = 100 }),
        HostileImage(
            does: "has names that fill the memory (limit here 10 kB)", code: .tooLarge,
            tar: { tar in (0..<200).forEach { tar.file(String(repeating: "n", count: 60) + "\($0)") } },
            limits: small { $0.maxTotalPathBytes = 10_000 }),
    ]

    /// The table in `docs/design/images.md`.
    static var table: String {
        let rows = all.map { "| \($0.does) | `\($0.code)` |" }
        return (["| an image that | is refused with |", "| --- | --- |"] + rows).joined(separator: "\n")
    }
}
