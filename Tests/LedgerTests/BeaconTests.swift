import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

/// What docs/design/epochs.md specifies byte for byte. The expected values were computed by an independent program in
/// Python that has nothing but that text and a BLAKE3 of its own.
@Suite struct BeaconTests {
    private let seed = BeaconTests.digest { UInt8($0) }
    private let node = NodeID(BeaconTests.digest { _ in 1 })

    private static func digest(_ byte: (Int) -> UInt8) -> Digest {
        Digest((0..<32).map(byte)) ?? Blake3.hash([])
    }

    @Test func commitmentsAndSeeds() {
        let reveal = BeaconTests.digest { _ in 2 }
        #expect(
            Beacon.commitment(to: reveal, epoch: 5, round: 1, by: node).hex
                == "fcde2bc83d3531f7003970308c0de9265b840d4f13c90021a0c6d930a74e5e7e")
        let next = Beacon.seed(
            anchor: BeaconTests.digest { _ in 3 }, epoch: 6, reveals: [reveal, BeaconTests.digest { _ in 4 }])
        #expect(next.hex == "533bb40b6961daa1c68c6bf9cc72fee2509bdb409f1df972874599ac6b415363")
    }

    @Test func draws() {
        var encoder = RowEncoder()
        encoder.append(UInt64(7))
        var stream = DrawStream(LedgerHash.draw, seed: seed, context: encoder.bytes)
        let numbers = (0..<5).map { _ in stream.next() }
        #expect(
            numbers == [
                0x0c1d_ff85_c133_f836, 0x4268_7392_5a24_e7a6, 0xaf84_c846_3e5c_8373, 0x8a99_092f_eb3a_4cc0,
                0xd9af_e51f_ed89_b8be,
            ])
        let weights = (1...40).map { UInt64($0) }
        let drawn = CommitteeDraw.indices(weights: weights, seed: seed, epoch: 7, size: 10, wholeUpTo: 4)
        #expect(drawn == [5, 9, 20, 21, 22, 23, 30, 33, 35, 39])
    }

    @Test func aRoundEndsInOneOfThreeWays() {
        let reveal = BeaconTests.digest { _ in 2 }
        let given = BeaconShare(epoch: 0, round: 0, commitment: reveal, reveal: reveal)
        let silent = BeaconShare(epoch: 0, round: 0, commitment: reveal, reveal: nil)
        var epoch = EpochState(
            roundStartMilliseconds: 0, lengthMilliseconds: 1_000, seed: seed, anchor: seed, committee: Committee([]))
        #expect(Beacon.conclude([], of: epoch, maxRestarts: 3) == .keepsSeed)
        let expected = Beacon.seed(anchor: seed, epoch: 1, reveals: [reveal])
        #expect(Beacon.conclude([given], of: epoch, maxRestarts: 3) == .seed(expected))
        #expect(Beacon.conclude([given, silent], of: epoch, maxRestarts: 3) == .restart)
        #expect(Beacon.conclude([silent], of: epoch, maxRestarts: 0) == .keepsSeed)
        epoch.round = 3
        #expect(Beacon.conclude([given, silent], of: epoch, maxRestarts: 3) == .keepsSeed)
        epoch.round = .max
        #expect(Beacon.conclude([silent], of: epoch, maxRestarts: 3) == .keepsSeed)
    }
}
