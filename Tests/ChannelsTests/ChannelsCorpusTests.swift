import Foundation
import Testing

/// Gives this room's decoders every input in `Fuzz/Corpus` again, their seeds, and random changes of these.
@Suite("What fuzzing of channels found") struct ChannelsCorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Fuzz/Corpus").standardizedFileURL

    @Test(.enabled(if: FileManager.default.fileExists(atPath: corpus.path), "Fuzz/Corpus is not in this checkout"))
    func replay() throws {
        for (name, target) in ChannelsFuzzTargets.make() {
            let folder = ChannelsCorpusTests.corpus.appendingPathComponent(name)
            let inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            #expect(!inputs.isEmpty, "\(folder.path) is empty")
            for input in inputs {
                let problem = target([UInt8](try Data(contentsOf: input)))
                #expect(problem == nil, "\(name)/\(input.lastPathComponent)")
            }
        }
    }

    @Test("Seeds are fine, and so is what becomes of them by chance")
    func mutated() throws {
        var generator = SplitMix(state: 7)
        let targets = ChannelsFuzzTargets.make()
        for (name, inputs) in try ChannelsFuzzTargets.seeds() {
            let target = try #require(targets[name])
            for (seed, bytes) in inputs.sorted(by: { $0.key < $1.key }) {
                #expect(target(bytes) == nil, "\(name)/\(seed)")
                for _ in 0..<300 {
                    var changed = bytes
                    for _ in 0..<Int.random(in: 1...4, using: &generator) {
                        guard let place = changed.indices.randomElement(using: &generator) else { continue }
                        changed[place] = UInt8.random(in: 0...255, using: &generator)
                    }
                    if Bool.random(using: &generator) {
                        changed += [0, 0, 0, 1, 0, UInt8.random(in: 0...9, using: &generator)]
                    }
                    let problem = target(changed)
                    #expect(problem == nil, "\(name): \(changed)")
                }
            }
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
