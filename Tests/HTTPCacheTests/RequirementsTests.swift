import Foundation
import Testing

/// The table of the RFCs' requirements names tests that exist.
@Suite("Requirements of the RFCs")
struct RequirementsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .resolvingSymlinksInPath()

    @Test("Every requirement names a test of this room")
    func named() throws {
        let sources = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasSuffix("Tests.swift") }
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        try #require(!sources.isEmpty)
        let table = Self.folder.appendingPathComponent("../../docs/design/http-cache-requirements.md")
            .standardizedFileURL
        let rows = try String(contentsOf: table, encoding: .utf8).split(separator: "\n").filter { line in
            line.hasPrefix("| 9") || line.hasPrefix("| 5861")
        }
        #expect(rows.count > 70)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let name = try #require(cells.last)
            #expect(cells.count == 3 && sources.contains("\"\(name)"), "\(row)")
        }
    }
}
