import Blake3
import Foundation
import Identity

extension FaultRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        let node = NodeID(try decoder.digest())
        let code = try decoder.byte()
        guard let kind = Kind.allCases.first(where: { $0.code == code }) else {
            throw LedgerError(.malformed, "A fault's row has kind \(code); is this software current?")
        }
        self.init(
            node: node, kind: kind, faultSequence: try decoder.uint64(), evidence: try decoder.digest(),
            recordedSequence: try decoder.uint64())
    }
}

extension ReportRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        self.init(observer: NodeID(try decoder.digest()), observations: [])
        for _ in 0..<(try decoder.count(elementByteCount: 80)) {
            observations.append(try Observation(decoder: &decoder))
        }
    }
}

extension Observation {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        self.init(
            subject: NodeID(try decoder.digest()), probesAnswered: try decoder.uint32(), probes: try decoder.uint32(),
            latencyMicroseconds: try decoder.uint32(), rate: try decoder.uint64(), goodBlocks: try decoder.uint32(),
            badBlocks: try decoder.uint32())
    }
}

extension AuditRecord: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        self.init(
            auditor: NodeID(try decoder.digest()), subject: NodeID(try decoder.digest()),
            receipt: try decoder.digest(), matches: try decoder.bool(), result: try decoder.digest(),
            epoch: try decoder.uint64())
    }
}

extension NodeStanding {
    init(decoder: inout RowDecoder) throws(LedgerError) {
        self.init()
        weight = try decoder.uint64()
        addressGroup = try decoder.uint32()
        share = try decoder.bool() ? try BeaconShare(decoder: &decoder) : nil
        for _ in 0..<(try decoder.count(elementByteCount: 17)) {
            penalties.append(try NodePenalty(decoder: &decoder))
        }
        reputation = try decoder.uint32()
        agreement = try decoder.uint32()
        servedMilliseconds = try decoder.uint64()
        auditEpoch = try decoder.uint64()
        auditCount = try decoder.uint32()
        faultCount = try decoder.uint32()
    }
}

extension NodePenalty {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        let amount: Amount
        switch try decoder.byte() {
        case 1: amount = .units(try decoder.uint64())
        case 2: amount = .permille(try decoder.uint32())
        case let kind: throw LedgerError(.malformed, "A penalty is of kind \(kind); is this software current?")
        }
        self.init(amount: amount, sequence: try decoder.uint64())
    }
}

extension BeaconShare {
    fileprivate init(decoder: inout RowDecoder) throws(LedgerError) {
        self.init(
            epoch: try decoder.uint64(), round: try decoder.uint32(), commitment: try decoder.digest(),
            reveal: try decoder.bool() ? try decoder.digest() : nil)
    }
}
