import Foundation
import Testing

/// Metrics, and what `/metrics` says of them.
@Suite("Metrics")
struct MetricTextsTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("Every metric has a text, and every text a metric")
    func texts() throws {
        var names: Set<String> = []
        var described: Set<String> = []
        let files = FileManager.default.enumerator(
            at: Self.root.appendingPathComponent("Sources"), includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            if file.lastPathComponent == "MetricTexts.swift" {
                described.formUnion(text.matches(of: /"(skerry_[a-z_]+)":/).map { String($0.1) })
            } else {
                names.formUnion(text.matches(of: /"(skerry_[a-z_]*[a-z])"/).map { String($0.1) })
            }
        }
        #expect(names.count > 90)
        #expect(names.subtracting(described).sorted() == [])
        #expect(described.subtracting(names).sorted() == [])
    }
}
