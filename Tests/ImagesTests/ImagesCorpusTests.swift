import Foundation
import Testing

/// Gives this room's decoders the seeds, edits of them, and every input in `Fuzz/Corpus` again.
@Suite struct ImagesCorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Fuzz/Corpus").standardizedFileURL

    @Test func replay() throws {
        let seeds = try ImagesFuzzTargets.seeds()
        for (name, target) in ImagesFuzzTargets.make() {
            for (seed, bytes) in try #require(seeds[name]) {
                #expect(target(bytes) == nil, "\(name)/\(seed)")
                for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 1_000)) {
                    var edited = bytes
                    edited[index] = edited[index] &+ 1
                    #expect(target(edited) == nil, "\(name)/\(seed), byte \(index)")
                }
            }
            let folder = ImagesCorpusTests.corpus.appendingPathComponent(name)
            let inputs = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            for input in inputs ?? [] {
                let problem = target([UInt8](try Data(contentsOf: input)))
                #expect(problem == nil, "\(name)/\(input.lastPathComponent)")
            }
        }
    }
}
