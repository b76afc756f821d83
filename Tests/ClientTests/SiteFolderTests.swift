import Client
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("A site's folder")
struct SiteFolderTests {
    private func with(_ names: [[UInt8]], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("site-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in names {
            let path = (Array(folder.utf8) + [UInt8(ascii: "/")] + name + [0]).map { CChar(bitPattern: $0) }
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
            try #require(descriptor >= 0)
            close(descriptor)
        }
        try body(folder)
    }

    @Test("Two names that are one text, composed and decomposed, are refused")
    func sameText() throws {
        try with([Array("caf\u{E9}.html".utf8), Array("cafe\u{301}.html".utf8)]) { folder in
            let error = #expect(throws: ClientError.self) { try SiteFolder(folder) }
            #expect(error?.code == .badInput && error?.message.contains("rename one") == true)
        }
    }

    @Test("A name that is no UTF-8 is refused with its place")
    func noText() throws {
        try with([Array("index.html".utf8), [0x61, 0xFF, 0x62]]) { folder in
            let error = #expect(throws: ClientError.self) { try SiteFolder(folder) }
            #expect(error?.message.contains("UTF-8") == true, "\(error?.message ?? "")")
        }
    }
}
