import Foundation
import Testing

@testable import Machines

/// Streams of files on this side: the decoder, local files as a stream, and a stream as local files.
@Suite("Streams of files") struct CopyStreamTests {
    private static let attributes = CopyStream.Attributes(mode: 0o644, modified: 1_000_000_000_000_000_007)
    static func name(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func encode(_ items: [CopyStream.Item]) -> [UInt8] { items.flatMap(CopyStream.encode) }

    static func file(_ name: String, _ text: String = "text") -> [CopyStream.Item] {
        [.file(Self.name(name), attributes)] + (text.isEmpty ? [] : [.part(Self.name(text))]) + [.part([])]
    }

    static func folder(_ name: String, _ items: [CopyStream.Item]) -> [CopyStream.Item] {
        [.folder(Self.name(name), .init(mode: 0o750, modified: 5))] + items + [.up]
    }

    /// Streams that are none, with a word of what is said about each.
    static let hostile: [(name: String, bytes: [UInt8], says: String)] = [
        ("slash", encode(file("a/b") + [.end]), "none of a file"),
        ("parent", encode(folder("x", file("..")) + [.end]), "none of a file"),
        ("self", encode([.link(name("."), name("x")), .end]), "none of a file"),
        ("empty name", encode([.folder([], attributes), .up, .end]), "empty or too long"),
        ("long name", encode(file(String(repeating: "n", count: 256)) + [.end]), "empty or too long"),
        ("NUL", encode(file("a\0b") + [.end]), ""),
        ("long target", encode([.link(name("l"), Array(repeating: 65, count: 4_096)), .end]), "empty or too long"),
        ("long part", encode([.file(name("f"), attributes)]) + [0, 1, 0, 1], "too long"),
        ("two", encode(file("a") + file("b") + [.end]), "more than one"),
        ("up", encode([.up]), "has not begun"),
        ("deep", encode(Array(repeating: .folder(name("d"), attributes), count: 65)), "too deep"),
        ("unknown", [0x3F], "no stream"),
        ("early", encode([.end]), ""),
        ("early in a folder", encode([.folder(name("d"), attributes), .end]), ""),
    ]

    @Test("What is written is read as the same, in pieces of any size")
    func pieces() throws {
        let items: [CopyStream.Item] =
            Self.folder("tree", Self.file("a", "") + Self.folder("in", [.link(Self.name("l"), Self.name("../a"))]))
            + [.end]
        let bytes = Self.encode(items)
        for size in [1, 2, 3, 7, bytes.count] {
            var decoder = CopyDecoder()
            var found: [CopyStream.Item] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(!decoder.isOver)
                decoder.feed(bytes[start..<min(start + size, bytes.count)])
                while let item = try decoder.next() { found.append(item) }
            }
            #expect(found == items && decoder.isOver)
            decoder.feed([0])
            #expect(throws: MachineError.self) { try decoder.next() }
        }
    }

    @Test("What is no stream is refused", arguments: hostile.indices)
    func refusals(index: Int) throws {
        let (name, bytes, says) = Self.hostile[index]
        var decoder = CopyDecoder()
        decoder.feed(bytes)
        #expect {
            while try decoder.next() != nil {}
        } throws: {
            ($0 as? MachineError)?.code == .copyFailed && (says.isEmpty || "\($0)".contains(says))
        }
        _ = name
    }

    // MARK: Local files

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "/skerry-copy-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("A folder is copied as it is: content, permissions, times, links")
    func roundTrip() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/from/tree/deep", withIntermediateDirectories: true)
            let big = String(repeating: "0123456789abcdef", count: 20_000)
            for (path, text) in [("a", "one"), ("deep/big", big), ("deep/empty", "")] {
                try text.write(toFile: "\(folder)/from/tree/\(path)", atomically: false, encoding: .utf8)
            }
            #expect(
                symlink("/nowhere", folder + "/from/tree/link") == 0 && mkfifo(folder + "/from/tree/pipe", 0o600) == 0)
            #expect(chmod(folder + "/from/tree/a", 0o640) == 0)
            let time = Date(timeIntervalSince1970: 1_000_000_000)
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: folder + "/from/tree/a")
            try FileManager.default.createDirectory(atPath: folder + "/to", withIntermediateDirectories: true)
            let target = try CopyTarget(path: folder + "/to")
            try await CopySource.send(folder + "/from/tree/") { bytes in
                try target.take(bytes)
                return true
            }
            try target.finish()
            #expect(read(folder + "/to/tree/a") == "one" && read(folder + "/to/tree/deep/big") == big)
            #expect(read(folder + "/to/tree/deep/empty") == "")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/to/tree/link") == "/nowhere")
            #expect(!FileManager.default.fileExists(atPath: folder + "/to/tree/pipe"))
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/to/tree/a")
            #expect(attributes[.posixPermissions] as? Int == 0o640 && attributes[.modificationDate] as? Date == time)
        }
    }

    @Test("One file is copied under another name, and whoever takes no more ends it")
    func oneFile() async throws {
        try await withFolder { folder in
            try "new".write(toFile: folder + "/a", atomically: false, encoding: .utf8)
            try "old".write(toFile: folder + "/b", atomically: false, encoding: .utf8)
            let target = try CopyTarget(path: folder + "/b")
            try await CopySource.send(folder + "/a") { bytes in
                try target.take(bytes)
                return true
            }
            try target.finish()
            #expect(read(folder + "/b") == "new")
            try Data(count: 1 << 20).write(to: URL(fileURLWithPath: folder + "/big"))
            var count = 0
            try await CopySource.send(folder + "/big") { _ in
                count += 1
                return false
            }
            #expect(count == 1)
            await #expect(throws: MachineError.self) { try await CopySource.send("/dev/null") { _ in true } }
            await #expect(throws: MachineError.self) { try await CopySource.send(folder + "/none") { _ in true } }
            for bad in [folder + "/none/x", folder + "/none/", folder + "/a/x"] {
                #expect(throws: MachineError.self) { try CopyTarget(path: bad) }
            }
        }
    }

    @Test("A stream reaches nothing outside of its target, and leaves no drafts")
    func confinement() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/to", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: folder + "/outside", withIntermediateDirectories: true)
            try "kept".write(toFile: folder + "/outside/file", atomically: false, encoding: .utf8)
            // A link first, and then a folder or a file of its name.
            let links = Self.folder(
                "t",
                [
                    .link(Self.name("out"), Self.name("../../outside")),
                    .link(Self.name("f"), Self.name("../../outside/file")),
                ])
            try CopyTarget(path: folder + "/to").take(Self.encode(links + [.end]))
            #expect(throws: MachineError.self) {
                try CopyTarget(path: folder + "/to").take(
                    Self.encode(Self.folder("t", Self.folder("out", Self.file("escaped"))) + [.end]))
            }
            try CopyTarget(path: folder + "/to").take(
                Self.encode(Self.folder("t", Self.file("f", "inside")) + [.end]))
            #expect(read(folder + "/outside/file") == "kept" && read(folder + "/to/t/f") == "inside")
            #expect(!FileManager.default.fileExists(atPath: folder + "/outside/escaped"))
            for (_, bytes, _) in Self.hostile {
                #expect(throws: MachineError.self) {
                    let target = try CopyTarget(path: folder + "/to")
                    try target.take(bytes)
                    try target.finish()
                }
            }
            // Cut off within a file.
            #expect(throws: MachineError.self) {
                let target = try CopyTarget(path: folder + "/to")
                try target.take(Self.encode(Self.file("cut")).dropLast(4))
                try target.finish()
            }
            let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            #expect(!files.contains { $0.contains(".skerry-copy") || $0.hasSuffix("cut") }, "\(files)")
        }
    }
}
