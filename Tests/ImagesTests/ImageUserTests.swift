import Foundation
import Logging
import Testing

@testable import Images

@Suite struct ImageUserTests {
    private static let base = TarBuilder.make { tar in
        tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/:/bin/false\nbad line\n")
        tar.file("etc/group", "root:x:0:\nwww:x:34:\nlogs:x:50:web,other\nmore:x:40:web\n")
    }

    private func image(_ tars: [[UInt8]], _ folder: TemporaryFolder) async throws -> UnpackedImage {
        let store = MemoryStore()
        let image = TestImage(tars)
        for bytes in image.blobs.values { store.put(bytes) }
        let unpacker = try ImageUnpacker(path: folder.path + "/cache", blobs: store, logger: Logger(label: "test"))
        return try await unpacker.unpack(try image.stored(), for: "m")
    }

    @Test func findsUsers() async throws {
        let folder = try TemporaryFolder()
        let unpacked = try await image([Self.base, TarBuilder.make { $0.file("etc/other", "x") }], folder)
        #expect(try unpacked.user("") == ImageUser(user: 0, group: 0, groups: []))
        #expect(try unpacked.user("web") == ImageUser(user: 33, group: 34, groups: [40, 50]))
        #expect(try unpacked.user("33") == ImageUser(user: 33, group: 34, groups: [40, 50]))
        #expect(try unpacked.user("web:logs").group == 50)
        #expect(try unpacked.user("1000:1001") == ImageUser(user: 1_000, group: 1_001, groups: []))
        #expect(try unpacked.user("1000") == ImageUser(user: 1_000, group: 0, groups: []))
        for text in ["nobody", "web:none", "4294967295", "-1", "bad line"] {
            let error = #expect(throws: ImageError.self) { _ = try unpacked.user(text) }
            #expect(error?.code == .unknownUser, "\(text)")
        }
    }

    @Test func seesWhatAProgramInItWouldSee() async throws {
        let newer = TarBuilder.make { $0.file("etc/passwd", "web:x:7:8::/:/\n") }
        let gone = TarBuilder.make { $0.file("etc/.wh.passwd") }
        let fresh = TarBuilder.make { $0.file("etc/.wh..wh..opq") }
        let link = TarBuilder.make { $0.link("etc/passwd", to: "/etc/passwd") }
        let linked = TarBuilder.make { $0.link("etc", to: "/etc") }
        for (tar, user) in [(newer, UInt32?(7)), (gone, nil), (fresh, nil), (link, nil), (linked, nil)] {
            let folder = try TemporaryFolder()
            let unpacked = try await image([Self.base, tar], folder)
            #expect((try? unpacked.user("web"))?.user == user)
        }
    }
}
