import Foundation
import Testing

@testable import Files

@Suite("Files that survive")
struct DurableFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "files-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("A file is replaced whole, for its user alone, and what an earlier crash left is in nobody's way")
    func replaces() throws {
        try withFolder { folder in
            let path = folder + "/a"
            try Data("half".utf8).write(to: URL(fileURLWithPath: path + ".part"))
            for text in ["one", "", String(repeating: "x", count: 1 << 20)] {
                try DurableFile.replace(path, with: Array(text.utf8))
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test("A failure says why, and leaves the old file")
    func failure() throws {
        try withFolder { folder in
            let path = folder + "/a"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: path + "/inside"))
            #expect(throws: DurableFile.Failure.self) { try DurableFile.replace(path, with: [1]) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
            let error = #expect(throws: DurableFile.Failure.self) {
                try DurableFile.replace(folder + "/none/b", with: [1])
            }
            #expect(error?.number == ENOENT && error?.description.isEmpty == false)
        }
    }

    @Test("A file is removed, and one that is not there does not matter")
    func removes() throws {
        try withFolder { folder in
            try DurableFile.replace(folder + "/a", with: [1])
            try DurableFile.remove(folder + "/a")
            try DurableFile.remove(folder + "/a")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
