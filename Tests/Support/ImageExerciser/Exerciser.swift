import Foundation
import Identity
import Images
import Logging
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Unpacks images, releases them and makes room at random until it is killed, and says on standard output which holders
/// it was promised (`held`, after the fact) and which it is about to release (`loose`).
///
/// Arguments: the cache's folder, a folder with blobs by their hexadecimal names and records as `image-*`, a seed, a form
/// (`user`, `trusted` or `flat`).
@main
struct Exerciser {
    private struct Folder: ImageBlobs {
        let path: String

        func read(_ blob: BlobID) async throws -> ImageParts {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path + "/" + blob.hex))
            return ImageParts {
                var rest = bytes[...]
                return {
                    let part = rest.prefix(4_096)
                    rest = rest.dropFirst(part.count)
                    return part.isEmpty ? nil : ByteBuffer(bytes: part)
                }
            }
        }
    }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, var seed = UInt64(arguments[3]) else {
            say("usage: image-exerciser <cache> <blobs> <seed> <form>")
            exit(2)
        }
        var settings = UnpackSettings()
        settings.form = UnpackedImage.Form(rawValue: arguments[4])
        settings.limitBytes = 3_000_000
        let unpacker = try ImageUnpacker(
            path: arguments[1], blobs: Folder(path: arguments[2]), settings: settings,
            logger: Logger(label: "exerciser"))
        let names = try FileManager.default.contentsOfDirectory(atPath: arguments[2]).filter { $0.hasPrefix("image-") }
        let images = try names.sorted().map { name in
            try StoredImage(record: Array(try Data(contentsOf: URL(fileURLWithPath: arguments[2] + "/" + name))))
        }
        say("ready")
        while true {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let choice = Int(seed >> 33)
            let holder = "m\(choice % 3)"
            say("loose \(holder)")
            try await unpacker.release(holder)
            if choice % 4 == 0 { _ = try await unpacker.trim(to: choice % 2_000_000) }
            do {
                _ = try await unpacker.unpack(images[choice % images.count], for: holder)
                say("held \(holder) \(choice % images.count)")
            } catch let error as ImageError where error.code == .cacheFull {
                say("full")
            }
        }
    }

    /// One line, in one write, so that a kill cannot tear it.
    static func say(_ line: String) {
        var text = line + "\n"
        _ = text.withUTF8 { write(1, $0.baseAddress, $0.count) }
    }
}
