import Blake3
import Foundation
import Identity
import SwiftProtobuf
import Wire

extension ChainState {
    /// The largest encoding in bytes: two committees are most of it.
    static let maxByteCount = 1 << 20

    /// Reads what `encode(into:)` wrote; the encoding must be the one that it gives. Any bytes are allowed.
    init(bytes: [UInt8]) throws(LedgerError) {
        var decoder = RowDecoder(bytes)
        try self.init(decoder: &decoder)
        var encoder = RowEncoder()
        encode(into: &encoder)
        guard encoder.bytes == bytes else {
            throw LedgerError(.malformed, "The state's fixed part is not encoded as this version expects")
        }
    }

    private init(decoder: inout RowDecoder) throws(LedgerError) {
        let message = try LedgerPBParameters.decodeCanonical(
            try decoder.data(), limit: ChainState.maxByteCount, what: "parameters")
        let parameters = try NetworkParameters(message)
        self.init(
            parameters: parameters, treasury: try decoder.uint64(),
            supply: try decoder.uint64(), appliedCount: try decoder.uint64(), refusedCount: try decoder.uint64(),
            epoch: try EpochState(decoder: &decoder, lengthMilliseconds: parameters.epochMilliseconds),
            checkpoints: try CheckpointBook(decoder: &decoder), penalisedCount: try decoder.uint64())
        if decoder.remaining > 0 { epoch.lengthMilliseconds = try decoder.uint64() }
    }
}

extension EpochState {
    fileprivate init(decoder: inout RowDecoder, lengthMilliseconds: UInt64) throws(LedgerError) {
        self.init(
            number: try decoder.uint64(), round: try decoder.uint32(), roundStartMilliseconds: try decoder.int64(),
            lengthMilliseconds: lengthMilliseconds, seed: try decoder.digest(), anchor: try decoder.digest(),
            committee: try Committee(decoding: try decoder.data()), pendingCommittee: nil)
        let pending = try decoder.data()
        if !pending.isEmpty { pendingCommittee = try Committee(decoding: pending) }
    }
}

extension CheckpointBook {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        self.init(
            lastSequence: try decoder.uint64(), lastMilliseconds: try decoder.int64(),
            lastEpoch: try decoder.uint64(), lastNextCommittee: try decoder.digest(),
            lastChange: try decoder.uint64(), known: [],
            certifiedSequence: 0, certifiedHash: MerkleHashPlan.empty)
        for _ in 0..<(try decoder.count(elementByteCount: 40)) {
            known.append(Known(sequence: try decoder.uint64(), hash: try decoder.digest()))
        }
        certifiedSequence = try decoder.uint64()
        certifiedHash = try decoder.digest()
    }
}
