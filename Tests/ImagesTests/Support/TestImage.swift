import Blake3
import Foundation
import Identity

@testable import Images

/// An image that a test makes: documents and layers by digest.
struct TestImage {
    var blobs: [ImageDigest: [UInt8]] = [:]
    var manifest: [UInt8]
    var config: [UInt8]
    var layers: [ImageDescriptor]
    var manifestDigest: ImageDigest { ImageDigest(hashing: manifest) }

    static let entry = ["/bin/server"]

    /// - Parameters:
    ///   - tars: The layers' tars, lowest first.
    ///   - diffIDs: What the config says of them, if that is to be wrong.
    init(
        _ tars: [[UInt8]], compression: LayerCompression = .gzip, architecture: String = "amd64",
        diffIDs: [ImageDigest]? = nil, isDocker: Bool = false
    ) {
        let diffs = (diffIDs ?? tars.map { ImageDigest(hashing: $0) }).map { "\"\($0)\"" }.joined(separator: ",")
        let config = Array(
            """
            {"architecture":"\(architecture)","os":"linux","config":{"Entrypoint":["/bin/server"],"Cmd":["--fast"],\
            "Env":["PATH=/bin","A=b=c"],"WorkingDir":"/data","User":"1000:1000","ExposedPorts":{"8080/tcp":{},"53/udp":{}},\
            "Volumes":{"/data":{}},"StopSignal":"SIGINT","Labels":{"maker":"test"}},\
            "rootfs":{"type":"layers","diff_ids":[\(diffs)]},"history":[{"created_by":"test"}]}
            """.utf8)
        self.init(
            layers: tars.map { Compressed.make($0, compression) }, config: config,
            layerType: TestImage.mediaType(compression, isDocker: isDocker), isDocker: isDocker)
    }

    /// - Parameters:
    ///   - layers: As transferred.
    ///   - topLayerType: Of the last layer, if it is another.
    init(
        layers: [[UInt8]], config: [UInt8], layerType: String, topLayerType: String? = nil, isDocker: Bool = false
    ) {
        self.config = config
        self.layers = layers.enumerated().map { index, bytes in
            let type = index == layers.count - 1 ? topLayerType ?? layerType : layerType
            return ImageDescriptor(mediaType: type, digest: ImageDigest(hashing: bytes), size: bytes.count)
        }
        let list = self.layers.map(TestImage.json).joined(separator: ",")
        let configType = isDocker ? ImageMediaType.dockerConfig : ImageMediaType.config
        let type = isDocker ? ImageMediaType.dockerManifest : ImageMediaType.manifest
        let descriptor = ImageDescriptor(
            mediaType: configType, digest: ImageDigest(hashing: config), size: config.count)
        manifest = Array(
            #"{"schemaVersion":2,"mediaType":"\#(type)","config":\#(TestImage.json(descriptor)),"layers":[\#(list)]}"#
                .utf8)
        blobs[ImageDigest(hashing: config)] = config
        blobs[ImageDigest(hashing: manifest)] = manifest
        for layer in layers { blobs[ImageDigest(hashing: layer)] = layer }
    }

    static func json(_ descriptor: ImageDescriptor) -> String {
        #"{"mediaType":"\#(descriptor.mediaType)","digest":"\#(descriptor.digest)","size":\#(descriptor.size)}"#
    }

    static func mediaType(_ compression: LayerCompression, isDocker: Bool = false) -> String {
        if isDocker {
            return "application/vnd.docker.image.rootfs.diff.tar" + (compression == .none ? "" : ".\(compression)")
        }
        return ImageMediaType.layerTar + (compression == .none ? "" : "+\(compression)")
    }

    /// An index that names images, with platforms and names.
    static func index(_ images: [(image: TestImage, architecture: String?, name: String?)]) -> [UInt8] {
        let list = images.map { image, architecture, name in
            let platform = architecture.map { #","platform":{"os":"linux","architecture":"\#($0)"}"# } ?? ""
            let names = name.map { #","annotations":{"org.opencontainers.image.ref.name":"\#($0)"}"# } ?? ""
            let bytes = image.manifest
            return #"{"mediaType":"\#(ImageMediaType.manifest)","digest":"\#(ImageDigest(hashing: bytes))","#
                + #""size":\#(bytes.count)\#(platform)\#(names)}"#
        }
        return Array(#"{"schemaVersion":2,"manifests":[\#(list.joined(separator: ","))]}"#.utf8)
    }

    /// Files of a layout.
    func layout(index: [UInt8]? = nil) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [
            "oci-layout": Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8),
            "index.json": index ?? TestImage.index([(self, nil, nil)]),
        ]
        for (digest, bytes) in blobs { files["blobs/sha256/\(digest.hex)"] = bytes }
        return files
    }

    func writeLayout(to folder: String, index: [UInt8]? = nil) throws {
        for (path, bytes) in layout(index: index) { try TestImage.write(bytes, to: "\(folder)/\(path)") }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// A tar of files.
    static func archive(_ files: [String: [UInt8]]) -> [UInt8] {
        TarBuilder.make { tar in
            for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { tar.file(path, bytes: bytes) }
        }
    }

    /// The image as it is stored, without importing it.
    func stored() throws -> StoredImage {
        try StoredImage(
            manifest: manifest, config: config,
            blobs: layers.map { BlobID(Blake3.hash(blobs[$0.digest] ?? [])) })
    }
}
