import Foundation
import Identity
import Ledger
import LedgerLog
import SwiftProtobuf
import Testing

@testable import EtcdLog

/// What needs no etcd.
@Suite struct CoreTests {
    @Test func keysSortAsSequencesDo() throws {
        let keys = EtcdKeys(try Chain().network)
        let sequences: [UInt64] = [0, 1, 15, 16, 255, 256, 1 << 32, .max - 1, .max]
        let made = sequences.map { keys.entry($0) }
        #expect(made.map { Array($0) } == made.map { Array($0) }.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(made.allSatisfy { Array($0).lexicographicallyPrecedes(Array(keys.entriesEnd)) })
        #expect(made.map { keys.sequence($0) } == sequences)
        #expect(String(decoding: keys.entry(26), as: UTF8.self).hasSuffix("/e/000000000000001a"))
        for text in ["000000000000001A", "+00000000000001a", "1a", "000000000000001a0", "00000000000000 1", ""] {
            #expect(keys.sequence(Data("\(keys.prefix)e/\(text)".utf8)) == nil, "\(text)")
        }
        #expect(keys.sequence(keys.head) == nil)
        #expect(keys.sequence(EtcdKeys(try Chain(2).network).entry(1)) == nil)
    }

    @Test func valuesAreReadBack() throws {
        var chain = try Chain()
        let entry = try chain.next("a")
        #expect(EtcdValues.head(EtcdValues.encode(chain.head)) == chain.head)
        for count in [0, 1, EtcdValues.maxCertificateByteCount] {
            let base = chain.base(entry, certificate: Data(repeating: 5, count: count))
            #expect(EtcdValues.base(EtcdValues.encode(base)) == base)
        }
        let tooLarge = Data(repeating: 5, count: EtcdValues.maxCertificateByteCount + 1)
        #expect(EtcdValues.base(EtcdValues.encode(chain.base(entry, certificate: tooLarge))) == nil)
        #expect(EtcdValues.leader(EtcdValues.encode(try Chain.node(3))) == (try Chain.node(3)))
        #expect(EtcdValues.head(EtcdValues.encode(LogHead(sequence: 0, hash: chain.head.hash))) == nil)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>) func anyBytesDecodeOrDoNot(seed: UInt64) throws {
        var random = SeededRandom(state: seed)
        var chain = try Chain()
        let entry = try chain.next("a")
        let samples = [EtcdValues.encode(chain.head), EtcdValues.encode(chain.base(entry)), Data()]
        let keys = EtcdKeys(chain.network)
        for _ in 0..<2_000 {
            var bytes = samples.randomElement(using: &random) ?? Data()
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes = bytes.prefix(Int.random(in: 0...bytes.count, using: &random))
                case 1: bytes.append(UInt8.random(in: 0...255, using: &random))
                default:
                    guard let index = bytes.indices.randomElement(using: &random) else { continue }
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            if let head = EtcdValues.head(bytes) { #expect(EtcdValues.encode(head) == bytes) }
            if let base = EtcdValues.base(bytes) { #expect(EtcdValues.encode(base) == bytes) }
            if let leader = EtcdValues.leader(bytes) { #expect(EtcdValues.encode(leader) == bytes) }
            if let sequence = keys.sequence(bytes) { #expect(keys.entry(sequence) == bytes) }
            try judgeAnything(bytes, chain, keys, &random)
        }
    }

    /// An answer in which `bytes` is wherever bytes can be gives a verdict or an error.
    private func judgeAnything(
        _ bytes: Data, _ chain: Chain, _ keys: EtcdKeys, _ random: inout SeededRandom
    ) throws {
        let numbers: [Int64] = [.min, -1, 0, 1, .max]
        var answer = EtcdTxnResponse()
        answer.succeeded = Bool.random(using: &random)
        answer.header.revision = numbers.randomElement(using: &random) ?? 0
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            var pair = EtcdKeyValue()
            pair.key = Bool.random(using: &random) ? keys.head : bytes
            pair.value = bytes
            pair.modRevision = numbers.randomElement(using: &random) ?? 0
            pair.createRevision = numbers.randomElement(using: &random) ?? 0
            let isRange = Int.random(in: 0...5, using: &random) > 0
            answer.responses.append(
                .with {
                    if isRange { $0.responseRange = .with { $0.kvs = [pair] } } else { $0.responsePut = .init() }
                })
        }
        let core = AppendCore(
            keys: keys, network: chain.network, entry: try chain.after("b"),
            tip: LogTip(head: chain.head, revision: 7), term: 5)
        _ = try? core.judge(answer, isRepeated: Bool.random(using: &random))
    }

    @Test func anAnswerToAnAppendHasOneMeaning() throws {
        var chain = try Chain()
        let keys = EtcdKeys(chain.network)
        let previous = try chain.next("a")
        let before = chain
        let ours = try chain.next("ours")
        let theirs = try before.after("theirs")
        let core = AppendCore(
            keys: keys, network: chain.network, entry: ours, tip: LogTip(head: before.head, revision: 7), term: 5)
        let after = LogHead(sequence: 2, hash: ours.hash)
        let done = EtcdTxnResponse.with {
            $0.succeeded = true
            $0.header.revision = 9
        }
        #expect(try core.judge(done, isRepeated: false) == .committed(LogTip(head: after, revision: 9)))
        func failed(_ head: LogHead?, _ entry: Entry?, leader: Int64?) -> EtcdTxnResponse {
            .with {
                $0.responses = [
                    Self.range(keys.head, head.map { EtcdValues.encode($0) }, modified: 8),
                    Self.range(keys.entry(2), entry?.bytes), Self.range(keys.leader, Data(), created: leader),
                ]
            }
        }
        let other = LogHead(sequence: 2, hash: theirs.hash)
        let further = LogHead(sequence: 3, hash: theirs.hash)
        // The first copy of the request: whatever is there is not ours.
        #expect(try core.judge(failed(other, theirs, leader: 5), isRepeated: false) == .conflict)
        #expect(try core.judge(failed(after, ours, leader: 5), isRepeated: false) == .conflict)
        #expect(try core.judge(failed(other, theirs, leader: 6), isRepeated: false) == .deposed)
        #expect(try core.judge(failed(before.head, nil, leader: nil), isRepeated: false) == .deposed)
        // A later copy: an earlier one may have had its effect.
        #expect(
            try core.judge(failed(after, ours, leader: 6), isRepeated: true)
                == .committed(LogTip(head: after, revision: 8)))
        #expect(try core.judge(failed(further, ours, leader: 6), isRepeated: true) == .committed(nil))
        #expect(try core.judge(failed(further, theirs, leader: 6), isRepeated: true) == .deposed)
        #expect(try core.judge(failed(before.head, nil, leader: 6), isRepeated: true) == .deposed)
        #expect(try core.judge(failed(other, theirs, leader: 5), isRepeated: true) == .conflict)
        #expect(try core.judge(failed(further, nil, leader: 6), isRepeated: true) == .unknown)
        #expect(throws: LedgerLogError.self) { try core.judge(EtcdTxnResponse(), isRepeated: false) }
        #expect(core.request.compare.count == 2 && core.request.success.count == 2)
        #expect(!core.tip.isFollowed(by: previous) && core.tip.isFollowed(by: ours) && core.tip.isFollowed(by: theirs))
    }

    @Test func aLeadEndsByTimeLossOrSight() throws {
        let start = ContinuousClock.now
        let node = try Chain.node(2)
        var core = LeadCore()
        #expect(core.standing(at: start) == .vacant)
        core.observed(.held(node, lease: 3, term: 4))
        #expect(core.standing(at: start) == .following(node))
        core.lostSight()
        #expect(core.standing(at: start) == .vacant)
        core.won(LeadCore.Lead(term: 9, lease: 1, end: start + .seconds(2)))
        core.observed(.held(node, lease: 1, term: 9))
        core.lostSight()
        #expect(core.standing(at: start + .milliseconds(1_999)) == .leading(term: 9))
        #expect(core.standing(at: start + .seconds(2)) == .vacant)
        core.renewed(9, end: start + .seconds(4))
        core.renewed(8, end: start + .seconds(9))
        #expect(core.standing(at: start + .milliseconds(3_999)) == .leading(term: 9))
        #expect(core.standing(at: start + .seconds(4)) == .vacant)
        core.lost(8)
        #expect(core.standing(at: start) == .leading(term: 9))
        core.observed(.held(node, lease: 2, term: 10))
        #expect(core.standing(at: start) == .following(node))
        core.won(LeadCore.Lead(term: 12, lease: 1, end: start + .seconds(2)))
        core.observed(.held(nil, lease: 1, term: -12))
        #expect(core.standing(at: start) == .vacant)
        core.won(LeadCore.Lead(term: 13, lease: 1, end: start + .seconds(2)))
        core.lost(13)
        core.renewed(13, end: start + .seconds(9))
        #expect(core.standing(at: start) == .vacant)
        core.won(LeadCore.Lead(term: 14, lease: 1, end: start + .seconds(2)))
        core.observed(.vacant)
        #expect(core.standing(at: start) == .vacant)
    }

    @Test func settingsAreChecked() throws {
        let chain = try Chain()
        let endpoint = try Endpoint(host: "127.0.0.1", port: 1)
        func refusal(_ change: (inout EtcdCluster) -> Void) -> LedgerLogError.Code? {
            var cluster = EtcdCluster(members: [endpoint])
            change(&cluster)
            do {
                _ = try EtcdLedger(
                    cluster, network: chain.network, node: Chain.node(1), isCandidate: true, logger: .silent)
                return nil
            } catch {
                return (error as? LedgerLogError)?.code
            }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.members = [] } == .logUnusable)
        #expect(refusal { $0.members = Array(repeating: endpoint, count: EtcdCluster.maxMembers) } == nil)
        #expect(refusal { $0.members = Array(repeating: endpoint, count: EtcdCluster.maxMembers + 1) } == .logUnusable)
        #expect(refusal { $0.leaseSeconds = 2 } == nil)
        #expect(refusal { $0.leaseSeconds = 1 } == .logUnusable)
        #expect(refusal { $0.requestTimeout = .zero } == .logUnusable)
        #expect(
            refusal { $0.tls = EtcdTLSFiles(authorities: "/none", certificate: "/none", key: "/none") } == .logUnusable)
    }

    static func range(_ key: Data, _ value: Data?, modified: Int64 = 1, created: Int64? = 1) -> EtcdResponseOp {
        .with {
            $0.responseRange = .with { range in
                guard let value, let created else { return }
                range.kvs = [
                    .with {
                        $0.key = key
                        $0.value = value
                        $0.modRevision = modified
                        $0.createRevision = created
                    }
                ]
            }
        }
    }
}

/// SplitMix64, so that a failing case can be repeated.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
