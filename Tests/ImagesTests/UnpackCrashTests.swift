import Foundation
import Identity
import Logging
import Testing

@testable import Images

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A process that unpacks is killed again and again; every entry is whole afterwards, and what somebody holds is there.
///
/// `SKERRY_CRASH_ROUNDS` sets the number of rounds.
@Suite(.serialized) struct UnpackCrashTests {
    private static let defaultRounds = 20
    private static let imageCount = 4

    /// One image has the first two layers of all, and some of its own; files say what they should be.
    private static let images: [TestImage] = (0..<imageCount).map { number in
        let tars = [0, 1, 10 + number].map { layer in
            TarBuilder.make { tar in
                for file in 0..<40 {
                    let byte = UInt8(truncatingIfNeeded: layer * 40 + file)
                    tar.file("d\(file % 5)/l\(layer)-f\(file)", bytes: [UInt8](repeating: byte, count: 5_000 + file))
                }
                if layer >= 10 { tar.file("d0/.wh.l0-f0") }
            }
        }
        return TestImage(tars)
    }

    @Test(arguments: [UnpackedImage.Form.user, .flat])
    func everyEntryIsWhole(_ form: UnpackedImage.Form) async throws {
        let program = CommandLine.arguments[0]
        let exerciser = program[..<(program.lastIndex(of: "/") ?? program.startIndex)] + "/image-exerciser"
        let rounds = ProcessInfo.processInfo.environment["SKERRY_CRASH_ROUNDS"].flatMap(Int.init) ?? Self.defaultRounds
        let folder = try TemporaryFolder()
        let cache = folder.path + "/cache"
        var stored: [StoredImage] = []
        for (number, image) in Self.images.enumerated() {
            let one = try image.stored()
            stored.append(one)
            try TestImage.write(one.record, to: folder.path + "/blobs/image-\(number)")
            for layer in one.layers {
                try TestImage.write(image.blobs[layer.digest] ?? [], to: folder.path + "/blobs/\(layer.blob.hex)")
            }
        }
        var generator = SystemRandomNumberGenerator()
        var seen = 0
        for round in 0..<rounds {
            let log = folder.path + "/log"
            try Data().write(to: URL(fileURLWithPath: log))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: String(exerciser))
            process.arguments = [cache, folder.path + "/blobs", "\(generator.next() >> 8)", form.rawValue]
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
            try process.run()
            // Now and then not before something is whole, however slow the disk is.
            let awaited = round % 4 == 3 ? "held" : "ready"
            while process.isRunning, try !String(contentsOfFile: log, encoding: .utf8).contains(awaited) {
                try await Task.sleep(for: .milliseconds(1))
            }
            try await Task.sleep(for: .milliseconds(Int(generator.next() % 150)))
            #expect(process.isRunning, "the exerciser ended by itself")
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            seen += try await check(cache, form, stored, try String(contentsOfFile: log, encoding: .utf8), round)
        }
        #expect(seen > 0)
    }

    /// - Returns: Entries that were looked through.
    private func check(
        _ cache: String, _ form: UnpackedImage.Form, _ images: [StoredImage], _ log: String, _ round: Int
    ) async throws -> Int {
        var held: [String: Int] = [:]
        for line in log.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words[0] {
            case "held": held[words[1]] = Int(words[2])
            case "loose": held[words[1]] = nil
            default: break
            }
        }
        var settings = UnpackSettings()
        settings.form = form
        settings.limitBytes = 3_000_000
        let store = MemoryStore()
        let unpacker = try ImageUnpacker(
            path: cache, blobs: store, settings: settings, logger: Logger(label: "test"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache + "/work").isEmpty)
        var count = 0
        for key in try FileManager.default.contentsOfDirectory(atPath: cache + "/layers") {
            count += 1
            let files = try Self.files("\(cache)/layers/\(key)/fs")
            // Three layers of which one hides a file of another, or one.
            #expect(files == (key.hasPrefix("flat-") ? 119 : 40), "round \(round), \(key)")
        }
        // All of it is there without a single blob.
        for (holder, number) in held {
            #expect(await unpacker.holders.contains(holder))
            _ = try await unpacker.unpack(images[number], for: holder)
        }
        await unpacker.close()
        return count
    }

    /// The number of files, all of which have the content that their names say.
    private static func files(_ path: String) throws -> Int {
        let walk = FileManager.default.enumerator(atPath: path)
        var count = 0
        while let name = walk?.nextObject() as? String {
            guard let last = name.split(separator: "/").last, last.hasPrefix("l"),
                let numbers = Optional(last.dropFirst().split(separator: "-f").compactMap { Int($0) }),
                numbers.count == 2,
                // Overlay's whiteout is a device.
                try FileManager.default.attributesOfItem(atPath: path + "/" + name)[.type] as? FileAttributeType
                    == .typeRegular
            else { continue }
            count += 1
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
            let byte = UInt8(truncatingIfNeeded: numbers[0] * 40 + numbers[1])
            #expect(bytes == Data(repeating: byte, count: 5_000 + numbers[1]), "\(name)")
        }
        return count
    }
}
