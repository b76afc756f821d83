import Foundation
import Ledger
import LedgerLog
import Testing

@testable import EtcdLog

@Suite(.enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct TruncationTests {
    @Test func forgetsEntriesBehindTheBase() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let log = ledger.log
            try await leading(ledger) { _ in
                var chain = start
                var entries: [Entry] = []
                for number in 1...20 {
                    let entry = try chain.next("\(number)")
                    try await log.append(LogRecord(entry))
                    entries.append(entry)
                }
                let bytes = entries.map(\.bytes)
                let foreign = try Chain(start.network, head: LogHead(sequence: 9, hash: start.head.hash)).after("x")
                #expect(await code { try await log.truncate(to: chain.base(foreign)) } == .conflict)
                #expect(await code { try await log.truncate(to: chain.base(chain.after("21"))) } == .conflict)
                let tooLarge = Data(repeating: 1, count: EtcdValues.maxCertificateByteCount + 1)
                #expect(
                    await code { try await log.truncate(to: chain.base(entries[9], certificate: tooLarge)) }
                        == .appendFailed)
                #expect(try await log.base() == nil)
                let largest = Data(repeating: 1, count: EtcdValues.maxCertificateByteCount)
                let base = chain.base(entries[9], certificate: largest)
                try await log.truncate(to: base)
                #expect(try await log.base() == base)
                #expect(try await log.head() == chain.head)
                for sequence: UInt64 in [0, 1, 9, 10] {
                    #expect(
                        await code { _ = try await log.entries(from: sequence, limit: 9, byteLimit: 99) } == .truncated)
                }
                #expect(try await log.entries(from: 11, limit: 99, byteLimit: 99_999) == Array(bytes[10...]))
                // What is not ahead changes nothing.
                try await log.truncate(to: chain.base(entries[4]))
                try await log.truncate(to: base)
                #expect(try await log.base() == base)
                // Up to the head, and on from there.
                try await log.truncate(to: chain.base(entries[19]))
                #expect(try await log.head() == chain.head)
                #expect(try await log.entries(from: 21, limit: 9, byteLimit: 99).isEmpty)
                let reader = try etcd.ledger(start, node: 2)
                #expect(try await reader.log.head() == chain.head)
                try await log.append(LogRecord(chain.next("21")))
                #expect(try await everything(reader.log, from: 21).map(Chain.text) == ["21"])
                try await reader.close()
                let keys = try etcd.etcdctl(["get", "--prefix", "--keys-only", "\(log.keys.prefix)e/"])
                #expect(keys.split(separator: "\n").count == 1)
            }
            try await ledger.close()
        }
    }

    @Test func deletesInChunksAndWhatAnEarlierTruncationLeft() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let log = ledger.log
            try await leading(ledger) { _ in
                var chain = start
                for number in 1...1_100 { try await log.append(LogRecord(chain.next("\(number)"))) }
                let first = try Entry(decoding: try await log.entries(from: 5, limit: 1, byteLimit: 1)[0])
                let last = try Entry(decoding: try await log.entries(from: 1_090, limit: 1, byteLimit: 1)[0])
                // As if the node had died between the base and the deletion.
                _ = try await TruncationTests.store(chain.base(first), log)
                #expect(await code { _ = try await log.entries(from: 5, limit: 1, byteLimit: 1) } == .truncated)
                try await log.truncate(to: chain.base(last))
                let keys = try etcd.etcdctl(["get", "--prefix", "--keys-only", "\(log.keys.prefix)e/"])
                #expect(keys.split(separator: "\n").count == 10)
                #expect(try await everything(log, from: 1_091).count == 10)
            }
            try await ledger.close()
        }
    }

    @Test func aSlowReaderLearnsThatEntriesAreGone() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let reader = try etcd.ledger(start, node: 2, isCandidate: false)
            try await leading(ledger) { _ in
                var chain = start
                var next: UInt64 = 1
                var isTold = 0
                for round in 1...10 {
                    for _ in 1...10 { try await ledger.log.append(LogRecord(chain.next("\(round)"))) }
                    // The reader takes three entries while ten are written and eight forgotten.
                    do {
                        let page = try await reader.log.entries(from: next, limit: 3, byteLimit: 1 << 20)
                        for bytes in page {
                            #expect(try Entry(decoding: bytes).sequence == next)
                            next += 1
                        }
                    } catch let error as LedgerLogError where error.code == .truncated {
                        isTold += 1
                        next = try #require(try await reader.log.base()).sequence + 1
                    }
                    let bytes = try await ledger.log.entries(from: chain.head.sequence - 2, limit: 1, byteLimit: 1)
                    try await ledger.log.truncate(to: chain.base(Entry(decoding: bytes[0])))
                }
                #expect(isTold > 0)
            }
            try await reader.close()
            try await ledger.close()
        }
    }

    private static func store(_ base: LogBase, _ log: EtcdLedgerLog) async throws -> EtcdTxnResponse {
        var request = EtcdTxnRequest()
        request.success = [.put(log.keys.base, EtcdValues.encode(base))]
        return try await log.client.transact(request).message
    }
}
