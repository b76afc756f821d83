import Foundation
import Testing

@testable import Files

@Suite("Folders that are walked name by name")
struct OpenFolderTests {
    private func withFolder(_ body: (String, OpenFolder) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "open-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path, try #require(OpenFolder(path: path)))
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("No link is followed, neither to a folder nor to a file")
    func links() throws {
        try withFolder { path, folder in
            try FileManager.default.createSymbolicLink(atPath: path + "/etc", withDestinationPath: "/etc")
            try FileManager.default.createSymbolicLink(atPath: path + "/passwd", withDestinationPath: "/etc/passwd")
            #expect(folder.folder(bytes("etc")) == nil && folder.folderMade(bytes("etc")) == nil)
            #expect(folder.file(bytes("passwd")) == -1 && OpenFolder(path: path + "/etc") == nil)
            #expect(folder.folderMade(bytes("made"))?.names() == [])
            #expect(folder.folder(bytes("made")) != nil && folder.folder(bytes("none")) == nil)
        }
    }

    @Test("Names are bytes, and no more than are asked for")
    func names() throws {
        try withFolder { path, folder in
            let odd: [UInt8] = [0x61, 0xff, 0x62]
            let made = odd.withCString { openat(folder.number, $0, O_CREAT | O_WRONLY, 0o600) }
            #expect(made >= 0)
            close(made)
            try Data().write(to: URL(fileURLWithPath: path + "/plain"))
            #expect(folder.names()?.sorted { $0.count < $1.count } == [odd, bytes("plain")])
            #expect(folder.names(limit: 2)?.count == 2)
            let none = folder.names(limit: 1)
            let why = errno
            #expect(none == nil && why == E2BIG)
        }
    }

    @Test("A pipe that nobody writes to is opened without waiting")
    func pipes() throws {
        try withFolder { path, folder in
            #expect(mkfifo(path + "/pipe", 0o600) == 0)
            let pipe = folder.file(bytes("pipe"))
            #expect(pipe >= 0)
            close(pipe)
        }
    }
}
