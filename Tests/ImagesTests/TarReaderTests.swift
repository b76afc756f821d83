import Testing

@testable import Images

@Suite struct TarReaderTests {
    /// What a tar has.
    private struct Collector: TarConsumer {
        var entries: [(entry: TarEntry, content: [UInt8])] = []
        private var open: (TarEntry, [UInt8])?

        mutating func begin(_ entry: TarEntry) { open = (entry, []) }
        mutating func content(_ bytes: UnsafeRawBufferPointer) { open?.1 += Array(bytes) }
        mutating func end() {
            if let open { entries.append(open) }
            open = nil
        }
    }

    private func read(
        _ bytes: [UInt8], pieces: Int = .max, maxEntries: Int = 100
    ) throws -> [(entry: TarEntry, content: [UInt8])] {
        var reader = TarReader(maxEntries: maxEntries)
        var collector = Collector()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(piece.count)
            try piece.withUnsafeBytes { try reader.feed($0, &collector) }
        }
        try reader.finish()
        return collector.entries
    }

    private func code(_ bytes: [UInt8], maxEntries: Int = 100) -> ImageError.Code? {
        do {
            _ = try read(bytes, maxEntries: maxEntries)
            return nil
        } catch { return (error as? ImageError)?.code }
    }

    @Test(arguments: [1, 7, 511, 512, 513, 100_000])
    func readsAllKindsInPiecesOfAnySize(_ pieces: Int) throws {
        let long = String(repeating: "long/", count: 40) + "name"
        let bytes = TarBuilder.make { tar in
            tar.folder("etc/")
            tar.file("etc/motd", "hello", mode: 0o4755, user: 7, group: 8)
            tar.link("etc/link", to: "../x")
            tar.hardLink("etc/same", to: "etc/motd")
            tar.special("pipe", "6")
            tar.long(long)
            tar.long("target/" + long, type: "K")
            tar.link("short", to: "short")
            tar.pax([
                ("path", "päx"), ("mtime", "-1.5"), ("uid", "3000000"), ("size", "3"), ("SCHILY.xattr.user.a", "b"),
            ])
            tar.header("x", .init(size: 0))
            tar.content(Array("abc".utf8))
            tar.header("old-folder/", .init(type: "\0", magic: ""))
            tar.header("file", .init(prefix: "some/prefix"))
        }
        let found = try read(bytes, pieces: pieces)
        let names = found.map { String(decoding: $0.entry.name, as: UTF8.self) }
        #expect(
            names == [
                "etc/", "etc/motd", "etc/link", "etc/same", "pipe", long, "päx", "old-folder/", "some/prefix/file",
            ])
        #expect(
            found.map(\.entry.kind) == [
                .folder, .file, .symbolicLink, .hardLink, .special("6"), .symbolicLink, .file, .folder, .file,
            ])
        #expect(found[1].content == Array("hello".utf8))
        #expect(found[1].entry.mode == 0o4755)
        #expect(found[1].entry.user == 7)
        #expect(found[1].entry.group == 8)
        #expect(found[1].entry.offset == 1_024)
        #expect(found[2].entry.target == Array("../x".utf8))
        #expect(found[5].entry.target == Array(("target/" + long).utf8))
        #expect(found[6].content == Array("abc".utf8))
        #expect(found[6].entry.user == 3_000_000)
        #expect(found[6].entry.modified == .init(seconds: -2, nanoseconds: 500_000_000))
    }

    @Test func readsNumbersToTheBase256() throws {
        var tar = TarBuilder()
        tar.file("big-owner", "x")
        var bytes = tar.finished()
        // 0x80 and the number's bytes; the checksum follows.
        bytes.replaceSubrange(108..<116, with: [0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78])
        bytes.replaceSubrange(136..<148, with: [UInt8](repeating: 0xff, count: 11) + [0xfe])
        bytes.replaceSubrange(148..<156, with: Array(repeating: 0x20, count: 8))
        let sum = bytes[0..<512].reduce(0) { $0 + Int($1) }
        bytes.replaceSubrange(148..<156, with: Array((String(sum, radix: 8) + "\0       ").utf8.prefix(8)))
        let entry = try #require(try read(bytes).first?.entry)
        #expect(entry.user == 0x1234_5678)
        #expect(entry.modified.seconds == -2)
    }

    /// A header that claims to have more bytes than there are numbers for where they are added up.
    @Test(arguments: [("0", ImageError.Code.tooLarge), ("x", .nameTooLong), ("g", .nameTooLong), ("L", .nameTooLong)])
    func refusesSizesThatAreTooLargeToAddUp(_ type: String, _ expected: ImageError.Code) {
        for size: Int64 in [.max, .max - 511, Int64(LayerLimits.maxContentBytes) + 1] {
            var bytes = TarBuilder.make { $0.header("a", .init(type: Character(type))) }
            bytes.replaceSubrange(124..<136, with: [0x80, 0, 0, 0] + withUnsafeBytes(of: size.bigEndian) { Array($0) })
            bytes.replaceSubrange(148..<156, with: Array(repeating: 0x20, count: 8))
            let sum = bytes[0..<512].reduce(0) { $0 + Int($1) }
            bytes.replaceSubrange(148..<156, with: Array((String(sum, radix: 8) + "\0       ").utf8.prefix(8)))
            #expect(code(bytes) == expected, "\(type) \(size)")
        }
    }

    @Test func endsWithTwoBlocksOfZeros() {
        var tar = TarBuilder()
        tar.file("a", "x")
        #expect(code(tar.bytes) == .truncated)
        #expect(code(tar.bytes + [UInt8](repeating: 0, count: 512)) == .truncated)
        #expect(code(tar.finished()) == nil)
        #expect(code(tar.finished() + [UInt8](repeating: 0, count: 10_000)) == nil)
        #expect(code(tar.finished() + [1]) == .trailingData)
        #expect(code(tar.bytes + [UInt8](repeating: 0, count: 512) + tar.finished()) == .trailingData)
        #expect(code([]) == .truncated)
        #expect(code(Array(tar.finished().prefix(513))) == .truncated)
    }

    @Test func refusesWhatReadersUnderstandDifferently() {
        #expect(code(TarBuilder.make { $0.header("a", .init(checksum: 1)) }) == .badTar)
        // Content of something that is no file.
        #expect(
            code(
                TarBuilder.make {
                    $0.header("a", .init(type: "2", size: 512, target: "b"))
                    $0.content([UInt8](repeating: 0, count: 512))
                }) == .badTar)
        #expect(code(TarBuilder.make { $0.header("a", .init(type: "V")) }) == .unknownEntry)
        #expect(code(TarBuilder.make { $0.header("a", .init(type: "S")) }) == .sparse)
        #expect(
            code(
                TarBuilder.make {
                    $0.pax([("GNU.sparse.major", "1")])
                    $0.file("a")
                }) == .sparse)
        #expect(code(TarBuilder.make { $0.pax([("path", "x")], type: "g") }) == .badTar)
        #expect(code(TarBuilder.make { $0.pax([("comment", "git")], type: "g") }) == nil)
        // An extended header for nothing.
        #expect(code(TarBuilder.make { $0.pax([("path", "x")]) }) == .truncated)
        #expect(
            code(
                TarBuilder.make {
                    $0.pax([("path", "a\0b")])
                    $0.file("a")
                }) == .badName)
        for text in ["5 a=b", "99 a=b\n", "x a=b\n", "6 a=bc\n", "", "4 a=\n", "0 \n"] {
            let isFine = code(
                TarBuilder.make { tar in
                    tar.header("x", .init(type: "x", size: text.utf8.count))
                    tar.content(Array(text.utf8))
                    tar.file("a")
                })
            #expect(isFine == (text.isEmpty ? nil : .badTar), "\(text)")
        }
    }

    @Test func countsEntriesAndHeaders() {
        func entries(_ count: Int) -> [UInt8] { TarBuilder.make { tar in (0..<count).forEach { tar.file("\($0)") } } }
        #expect(code(entries(10), maxEntries: 10) == nil)
        #expect(code(entries(11), maxEntries: 10) == .tooManyEntries)
        func header(_ count: Int) -> [UInt8] {
            TarBuilder.make { tar in
                tar.header("x", .init(type: "L", size: count))
                tar.content([UInt8](repeating: 0x61, count: count))
                tar.file("a")
            }
        }
        #expect(code(header(LayerLimits.maxHeaderBytes - 512)) == nil)
        #expect(code(header(LayerLimits.maxHeaderBytes - 511)) == .nameTooLong)
    }
}
