import CLinux
import Foundation
import Identity
import Logging
import NIOCore
import Testing

@testable import Images

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct ImageUnpackerTests {
    private let folder: TemporaryFolder
    private let store = MemoryStore()
    private let isRoot = geteuid() == 0

    init() throws { folder = try TemporaryFolder() }

    private func unpacker(_ change: (inout UnpackSettings) -> Void = { _ in }) throws -> ImageUnpacker {
        var settings = UnpackSettings()
        change(&settings)
        return try ImageUnpacker(
            path: folder.path + "/cache", blobs: store, settings: settings, logger: Logger(label: "test"))
    }

    private func stored(_ image: TestImage) throws -> StoredImage {
        for bytes in image.blobs.values { store.put(bytes) }
        return try image.stored()
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func attribute(_ path: String, _ key: FileAttributeKey) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path)[key] as? NSNumber)?.intValue
    }

    private static let base = TarBuilder.make { tar in
        tar.folder("./", mode: 0o750)
        tar.folder("bin")
        tar.file("bin/server", "program", mode: 0o4755, user: 12, group: 13)
        tar.hardLink("bin/alias", to: "bin/server")
        tar.link("bin/sh", to: "/bin/server")
        tar.link("up", to: "../../../etc")
        tar.folder("tmp", mode: 0o1777)
        tar.folder("closed", mode: 0o500)
        tar.file("closed/inside", "x", mode: 0o400)
        tar.file("implied/deep/file", "y")
        tar.pax([("SCHILY.xattr.security.capability", "x"), ("SCHILY.xattr.user.overlay.redirect", "/etc")])
        tar.file("plain", "z")
    }

    private static let upper = TarBuilder.make { tar in
        tar.file("bin/.wh.sh")
        tar.file("tmp/.wh..wh..opq")
        tar.folder("closed")
        tar.file("closed/more", "m")
        tar.file("new", "n")
    }

    @Test(arguments: [LayerCompression.none, .gzip, .zstd])
    func unpacksALayer(_ compression: LayerCompression) async throws {
        let image = try stored(TestImage([Self.base], compression: compression))
        let unpacked = try await unpacker().unpack(image, for: "m1")
        let root = try #require(unpacked.layers.first)
        #expect(unpacked.layers.count == 1)
        #expect(try names(root) == ["bin", "closed", "implied", "plain", "tmp", "up"])
        #expect(try text(root + "/bin/server") == "program")
        #expect(try text(root + "/implied/deep/file") == "y")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: root + "/bin/sh") == "/bin/server")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: root + "/up") == "../../../etc")
        // No special rights on the host; the sticky bit stays.
        #expect(try attribute(root + "/bin/server", .posixPermissions) == 0o755)
        #expect(try attribute(root + "/tmp", .posixPermissions) == 0o1777)
        #expect(try attribute(root + "/closed", .posixPermissions) == 0o500)
        #expect(try attribute(root + "/implied", .posixPermissions) == 0o755)
        #expect(try attribute(root, .posixPermissions) == 0o750)
        #expect(try attribute(root + "/bin/alias", .referenceCount) == 2)
        #expect(
            try FileManager.default.attributesOfItem(atPath: root + "/plain")[.modificationDate] as? Date
                == Date(timeIntervalSince1970: 1_000_000_000))
        if isRoot {
            #expect(try attribute(root + "/bin/server", .ownerAccountID) == 12)
            #expect(try attribute(root + "/bin/server", .groupOwnerAccountID) == 13)
        }
        #expect(unpacked.config.entrypoint == ["/bin/server"])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func movesOwners() async throws {
        let image = try stored(TestImage([Self.base]))
        let unpacked = try await unpacker { $0.ownership = .shifted(by: 100_000) }.unpack(image, for: "m1")
        #expect(try attribute(unpacked.layers[0] + "/bin/server", .ownerAccountID) == 100_012)
        #expect(try attribute(unpacked.layers[0] + "/implied", .ownerAccountID) == 100_000)
    }

    @Test func writesWhatIsHiddenAsOverlayReadsIt() async throws {
        let unpacker = try unpacker()
        let image = try stored(TestImage([Self.base, Self.upper]))
        let unpacked = try await unpacker.unpack(image, for: "m1")
        guard unpacked.form != .flat else { return }
        #expect(unpacked.layers.count == 2)
        #expect(try names(unpacked.layers[1] + "/bin") == ["sh"])
        let kind = try FileManager.default.attributesOfItem(atPath: unpacked.layers[1] + "/bin/sh")[.type]
        #expect(kind as? FileAttributeType == .typeCharacterSpecial)
        #expect(unpacked.mountOptions[0].hasPrefix("lowerdir=" + unpacked.layers[1] + ":"))
        #expect(unpacked.mountOptions.contains("userxattr") == (unpacked.form == .user))
    }

    /// The kernel's own view, where this process may mount.
    @Test func mountsAsOneTree() async throws {
        let unpacked = try await unpacker().unpack(
            try stored(TestImage([Self.base, Self.upper])), for: "m1")
        guard unpacked.form == .trusted else { return }
        let target = folder.path + "/mnt"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
        let options = (unpacked.mountOptions + ["ro"]).joined(separator: ",")
        let mount = try Process.run(
            URL(fileURLWithPath: "/bin/mount"), arguments: ["-t", "overlay", "overlay", "-o", options, target])
        mount.waitUntilExit()
        guard mount.terminationStatus == 0 else { return }
        defer { umount(target) }
        #expect(try names(target + "/bin") == ["alias", "server"])
        #expect(try names(target + "/tmp").isEmpty)
        #expect(try names(target + "/closed") == ["inside", "more"])
        #expect(try names(target) == ["bin", "closed", "implied", "new", "plain", "tmp", "up"])
    }

    @Test func putsLayersOnEachOtherWhereThereIsNoOverlay() async throws {
        let unpacker = try unpacker { $0.form = .flat }
        let third = TarBuilder.make { tar in
            tar.file(".wh.implied")
            tar.file("bin/server", "newer")
            tar.file("tmp", "a file now")
            tar.folder("new")
            tar.link("plain", to: "new")
        }
        let image = try stored(TestImage([Self.base, Self.upper, third]))
        let unpacked = try await unpacker.unpack(image, for: "m1")
        #expect(unpacked.form == .flat)
        let root = try #require(unpacked.layers.first)
        #expect(unpacked.layers.count == 1)
        #expect(try names(root) == ["bin", "closed", "new", "plain", "tmp", "up"])
        #expect(try names(root + "/bin") == ["alias", "server"])
        #expect(try text(root + "/bin/server") == "newer")
        #expect(try text(root + "/bin/alias") == "program")
        #expect(try text(root + "/tmp") == "a file now")
        #expect(try names(root + "/closed") == ["inside", "more"])
        #expect(try attribute(root + "/closed", .posixPermissions) == 0o755)
        // The layers are not needed any more.
        _ = try await unpacker.trim(to: 0)
        #expect(try text(root + "/bin/alias") == "program")
        #expect(await unpacker.usage.entries == 1)
        let reads = image.layers.map { store.reads(of: $0.blob) }
        let again = try await unpacker.unpack(image, for: "m2")
        #expect(again.layers == [root])
        #expect(image.layers.map { store.reads(of: $0.blob) } == reads)
        #expect(await unpacker.usage.entries == 1)
    }

    @Test func leavesOutLayersThatAreHiddenAsAWhole() async throws {
        let fresh = TarBuilder.make {
            $0.file(".wh..wh..opq")
            $0.file("only", "x")
        }
        for form in [UnpackedImage.Form?.none, .flat] {
            let unpacker = try unpacker { $0.form = form }
            let image = try stored(TestImage([Self.base, fresh]))
            let unpacked = try await unpacker.unpack(image, for: "m1")
            #expect(unpacked.layers.count == 1)
            #expect(try names(unpacked.layers[0]) == ["only"])
            try await unpacker.release("m1")
            await unpacker.close()
        }
    }

    @Test func mountsEqualLayersOnce() async throws {
        let image = try stored(TestImage([Self.upper, Self.base, Self.upper]))
        let unpacked = try await unpacker { $0.form = .user }.unpack(image, for: "m1")
        #expect(unpacked.layers.count == 2)
        #expect(unpacked.layers.first?.contains(ImageDigest(hashing: Self.base).hex) == true)
    }

    @Test func readsSharedLayersOnce() async throws {
        let unpacker = try unpacker()
        let one = try stored(TestImage([Self.base, Self.upper]))
        let two = try stored(TestImage([Self.base]))
        async let first = unpacker.unpack(one, for: "m1")
        async let second = unpacker.unpack(two, for: "m2")
        async let third = unpacker.unpack(one, for: "m3")
        let all = try await [first, second, third]
        #expect(all[0].layers[0] == all[1].layers[0])
        for layer in one.layers { #expect(store.reads(of: layer.blob) == 1) }
    }

    @Test func unpacksSeveralLayersAtATime() async throws {
        let slow = MemoryStore(partBytes: 200, pause: .milliseconds(5))
        let tars = (0..<6).map { number in TarBuilder.make { $0.file("\(number)", "x") } }
        let image = TestImage(tars, compression: .none)
        for bytes in image.blobs.values { slow.put(bytes) }
        var settings = UnpackSettings()
        settings.parallelLayers = 3
        let unpacker = try ImageUnpacker(
            path: folder.path + "/cache", blobs: slow, settings: settings, logger: Logger(label: "test"))
        _ = try await unpacker.unpack(try image.stored(), for: "m1")
        #expect(slow.mostReading == 3)
    }

    // MARK: The cache

    private func image(_ number: Int, bytes: Int = 100_000) -> TestImage {
        TestImage([TarBuilder.make { $0.file("f\(number)", bytes: [UInt8](repeating: UInt8(number), count: bytes)) }])
    }

    @Test func evictsWhatNobodyNeedsAndNothingElse() async throws {
        let unpacker = try unpacker { $0.limitBytes = 350_000 }
        var layers: [String] = []
        for number in 0..<3 {
            let unpacked = try await unpacker.unpack(try stored(image(number)), for: "m\(number)")
            layers.append(unpacked.layers[0])
        }
        // All three are needed: there is no room for a fourth.
        let fourth = try stored(image(3))
        let error = await #expect(throws: ImageError.self) { _ = try await unpacker.unpack(fourth, for: "m3") }
        #expect(error?.code == .cacheFull)
        for layer in layers { #expect(FileManager.default.fileExists(atPath: layer)) }
        try await unpacker.release("m1")
        try await unpacker.release("m2")
        // The one that was used longest ago goes, and only that.
        _ = try await unpacker.unpack(try stored(image(1)), for: "again")
        try await unpacker.release("again")
        _ = try await unpacker.unpack(fourth, for: "m3")
        #expect(layers.map { FileManager.default.fileExists(atPath: $0) } == [true, true, false])
        #expect(await unpacker.usage.bytes <= 350_000)
    }

    @Test func keepsItsEntriesAndHoldersAcrossRestarts() async throws {
        let layer: String
        do {
            let unpacker = try unpacker()
            layer = try await unpacker.unpack(try stored(image(1)), for: "m1").layers[0]
            _ = try await unpacker.unpack(try stored(image(2)), for: "m2")
            try await unpacker.release("m2")
            await unpacker.close()
        }
        // Interrupted work and half a holder's note.
        try TestImage.write([1], to: folder.path + "/cache/work/new-1-1/fs/half")
        try TestImage.write([1], to: folder.path + "/cache/holders/m9.part")
        let unpacker = try unpacker()
        #expect(try names(folder.path + "/cache/work").isEmpty)
        #expect(await unpacker.usage.entries == 2)
        #expect(await unpacker.holders == ["m1"])
        #expect(try await unpacker.trim(to: 0) == 1)
        #expect(FileManager.default.fileExists(atPath: layer))
        let again = try image(1).stored()
        let reads = store.reads(of: again.layers[0].blob)
        let unpacked = try await unpacker.unpack(again, for: "m3")
        #expect(unpacked.layers == [layer])
        #expect(store.reads(of: again.layers[0].blob) == reads)
        try await unpacker.release("m1")
        try await unpacker.release("m3")
        #expect(try await unpacker.trim(to: 0) == 1)
        #expect(!FileManager.default.fileExists(atPath: layer))
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func aFullDiskIsSaidAndGetsItsRoomBack() async throws {
        let disk = folder.path + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        // Some containers may not mount, not even as root.
        guard mount("none", disk, "tmpfs", 0, "size=1m") == 0 else { return }
        defer { umount2(disk, CInt(MNT_DETACH)) }
        let unpacker = try ImageUnpacker(
            path: disk + "/cache", blobs: store, settings: UnpackSettings(), logger: Logger(label: "test"))
        let large = try stored(image(1, bytes: 2_000_000))
        let error = await #expect(throws: ImageError.self) { _ = try await unpacker.unpack(large, for: "m1") }
        #expect(error?.code == .diskFull)
        #expect(try names(disk + "/cache/work").isEmpty)
        #expect(await unpacker.usage.entries == 0)
        #expect(await unpacker.holders.isEmpty)
        // What there is room for is unpacked as if nothing had happened.
        let unpacked = try await unpacker.unpack(try stored(image(2, bytes: 500_000)), for: "m2")
        #expect(try names(unpacked.layers[0]) == ["f2"])
    }

    @Test func refusesAFolderInUse() async throws {
        let first = try unpacker()
        #expect(throws: ImageError.self) { _ = try unpacker() }
        _ = first
    }

    @Test(arguments: ["", "a/b", "..", ".hidden", "x.part", String(repeating: "h", count: 151)])
    func refusesHolders(_ name: String) async throws {
        let image = try stored(image(1))
        let unpacker = try unpacker()
        await #expect(throws: ImageError.self) { _ = try await unpacker.unpack(image, for: name) }
    }

    @Test func stopsWhenNobodyWaitsAnyMore() async throws {
        let slow = MemoryStore(partBytes: 10, pause: .milliseconds(20))
        let image = image(1)
        for bytes in image.blobs.values { slow.put(bytes) }
        let stored = try image.stored()
        let unpacker = try ImageUnpacker(
            path: folder.path + "/cache", blobs: slow, settings: UnpackSettings(), logger: Logger(label: "test"))
        let task = Task { try await unpacker.unpack(stored, for: "m1") }
        while slow.reads(of: stored.layers[0].blob) == 0 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(await unpacker.holders.isEmpty)
        #expect(try names(folder.path + "/cache/layers").isEmpty)
        #expect(try names(folder.path + "/cache/work").isEmpty)
    }

    @Test func aBlobThatCannotBeHadIsSaid() async throws {
        let image = try image(1).stored()
        let unpacker = try unpacker()
        await #expect(throws: MemoryStore.Missing.self) { _ = try await unpacker.unpack(image, for: "m1") }
        #expect(await unpacker.usage.entries == 0)
    }
}
