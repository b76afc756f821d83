import Foundation
import Testing

/// Gives this room's decoders every input in `Fuzz/Corpus` again: seeds, and what fuzzing has found.
@Suite struct OutboundCorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Fuzz/Corpus").standardizedFileURL

    @Test(.enabled(if: FileManager.default.fileExists(atPath: corpus.path), "Fuzz/Corpus is not in this checkout"))
    func replay() throws {
        for (name, target) in OutboundFuzzTargets.make() {
            let folder = OutboundCorpusTests.corpus.appendingPathComponent(name)
            let inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            #expect(!inputs.isEmpty, "\(folder.path) is empty")
            for input in inputs {
                let problem = target([UInt8](try Data(contentsOf: input)))
                #expect(problem == nil, "\(name)/\(input.lastPathComponent)")
            }
        }
    }
}
