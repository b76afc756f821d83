import Foundation
import Testing

/// Gives this room's decoders the seeds, edits of them, and every input in `Fuzz/Corpus` again.
@Suite struct HTTPCacheCorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Fuzz/Corpus").standardizedFileURL

    @Test func replay() throws {
        let seeds = try HTTPCacheFuzzTargets.seeds()
        for (name, target) in HTTPCacheFuzzTargets.make() {
            for (seed, bytes) in try #require(seeds[name]) {
                #expect(target(bytes) == nil, "\(name)/\(seed)")
                for index in bytes.indices {
                    var edited = bytes
                    edited[index] = edited[index] &+ 1
                    #expect(target(edited) == nil, "\(name)/\(seed), byte \(index)")
                }
            }
            let folder = HTTPCacheCorpusTests.corpus.appendingPathComponent(name)
            let inputs = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            for input in inputs ?? [] {
                let problem = target([UInt8](try Data(contentsOf: input)))
                #expect(problem == nil, "\(name)/\(input.lastPathComponent)")
            }
        }
    }
}
