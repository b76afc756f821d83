import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

/// A simulated disk that drops and tears what was not synced.
///
/// SQLite appends an entry's frames to the write-ahead log and syncs it before the append returns. So at the moment of
/// an acknowledgement the log's length is a frame boundary up to which everything is durable. Behind it, after a power
/// cut, each sector may hold what was written last, zeros, or rubbish, and the file may end anywhere.
@Suite struct TornDiskTests {
    private static let sector = 512
    private static let seeds: [UInt64] = [7, 42, 2_026]

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    /// What was durable when `sequence` was acknowledged.
    private struct Mark {
        let sequence: UInt64
        let database: Data
        let wal: Data
    }

    @Test(arguments: seeds) func whatWasAcknowledgedSurvivesAPowerCut(_ seed: UInt64) async throws {
        var random = Generator(state: seed)
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(folder.log(network))
        var marks: [Mark] = []
        var roots = [keeper.state.root]
        for step in 1...40 {
            _ = try await keeper.submit(network.claim("n\(step)", nonce: UInt64(step)))
            roots.append(keeper.state.root)
            if Int.random(in: 0..<4, using: &random) == 0 || step == 40 {
                marks.append(try mark(folder, keeper.state.sequence))
            }
        }
        for (index, mark) in marks.enumerated() {
            // What came after the mark and was in the disk's cache when the power went.
            let later = marks[min(index + Int.random(in: 0...2, using: &random), marks.count - 1)]
            let isSameLog = later.database == mark.database && later.wal.starts(with: mark.wal)
            let torn = tear(isSameLog ? later.wal : mark.wal, behind: mark.wal.count, &random)
            let copy = try TemporaryFolder()
            try mark.database.write(to: URL(fileURLWithPath: copy.file()))
            try torn.write(to: URL(fileURLWithPath: copy.file() + "-wal"))
            let again = try await network.leader(copy.log(network))
            #expect(again.failure == nil, "seed \(seed), entry \(mark.sequence)")
            let sequence = again.state.sequence
            #expect(sequence >= mark.sequence, "seed \(seed), entry \(mark.sequence)")
            #expect(again.state.root == roots[Int(sequence)], "seed \(seed), entry \(mark.sequence)")
            #expect(try await again.submit(network.claim("next", nonce: sequence + 1)).sequence == sequence + 1)
            try await again.close()
        }
        #expect(marks.count > 3)
    }

    private func mark(_ folder: TemporaryFolder, _ sequence: UInt64) throws -> Mark {
        Mark(
            sequence: sequence, database: try Data(contentsOf: URL(fileURLWithPath: folder.file())),
            wal: try Data(contentsOf: URL(fileURLWithPath: folder.file() + "-wal")))
    }

    private func tear(_ wal: Data, behind boundary: Int, _ random: inout Generator) -> Data {
        var torn = wal + Data(repeating: 0, count: Int.random(in: 0...3, using: &random) * TornDiskTests.sector)
        var start = boundary
        while start < torn.count {
            // The rest of the boundary's own sector first: a sector is written as a whole or not at all.
            let end = min(start + TornDiskTests.sector - start % TornDiskTests.sector, torn.count)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: torn.replaceSubrange(start..<end, with: Data(repeating: 0, count: end - start))
            case 1:
                let rubbish = (start..<end).map { _ in UInt8.random(in: 0...255, using: &random) }
                torn.replaceSubrange(start..<end, with: rubbish)
            default: break
            }
            start = end
        }
        return torn.prefix(Int.random(in: boundary...max(boundary, torn.count), using: &random))
    }
}
