import EtcdLog
import Foundation
import Ledger
import LedgerLog
import Testing

@Suite(.enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct EtcdLogTests {
    @Test func keepsEntriesInOrder() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let log = ledger.log
            #expect(try await log.head() == start.head)
            #expect(try await log.entries(from: 1, limit: 9, byteLimit: 9).isEmpty)
            #expect(try await log.base() == nil)
            let entries = try await leading(ledger) { _ in
                var chain = start
                var entries: [Entry] = []
                for text in ["a", "b", "c"] {
                    let entry = try chain.next(text)
                    try await log.append(LogRecord(entry))
                    entries.append(entry)
                }
                return entries
            }
            let bytes = entries.map(\.bytes)
            #expect(try await log.head() == LogHead(sequence: 3, hash: entries[2].hash))
            #expect(try await log.entries(from: 1, limit: 9, byteLimit: 1 << 20) == bytes)
            #expect(try await log.entries(from: 2, limit: 1, byteLimit: 1 << 20) == [bytes[1]])
            #expect(try await log.entries(from: 1, limit: 9, byteLimit: 1) == [bytes[0]])
            #expect(try await log.entries(from: 1, limit: 9, byteLimit: bytes[0].count + bytes[1].count).count == 2)
            for first in [1, 3, 4] as [UInt64] {
                let page = try await log.page(from: first, limit: 9, byteLimit: 1 << 20)
                #expect(page.entries == Array(bytes.dropFirst(Int(first) - 1)))
                #expect(page.head == LogHead(sequence: 3, hash: entries[2].hash))
            }
            #expect(try await log.page(from: 1, limit: 0, byteLimit: 9).head == nil)
            #expect(try await log.entries(from: .max, limit: 9, byteLimit: 9).isEmpty)
            #expect(try await log.entries(from: 0, limit: 0, byteLimit: 9).isEmpty)
            #expect(try await log.entries(from: 1, limit: -1, byteLimit: -1).isEmpty)
            try await ledger.close()
            #expect(await code { _ = try await log.head() } == .closed)
            #expect(await code { try await log.append(LogRecord(entries[0])) } == .closed)
            var hints = log.wakeUps().makeAsyncIterator()
            #expect(await hints.next() == nil)
            // Another process, and another network in the same cluster.
            let again = try etcd.ledger(start, node: 2)
            #expect(try await everything(again.log) == entries)
            #expect(try await again.status().version.isEmpty == false)
            try await again.close()
            let other = try etcd.ledger(Chain(2))
            #expect(try await other.log.head().sequence == 0)
            try await other.close()
        }
    }

    @Test func takesTheLargestEntriesAndReadsManyOfThem() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let entries = try await leading(ledger) { _ in
                var chain = start
                var entries: [Entry] = []
                for number in 0..<90 {
                    let isLarge = number < 3 || number > 80
                    let entry = try chain.next("\(number)", byteCount: isLarge ? Entry.maxBatchByteCount : 10)
                    try await ledger.log.append(LogRecord(entry))
                    entries.append(entry)
                }
                return entries
            }
            #expect(try await everything(ledger.log) == entries)
            #expect(try await ledger.log.entries(from: 1, limit: 90, byteLimit: 64 << 20).count == 90)
            #expect(try await ledger.log.entries(from: 4, limit: 90, byteLimit: 20_000).count == 78)
            try await ledger.close()
        }
    }

    @Test func refusesWhatDoesNotFollowTheHead() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let log = ledger.log
            try await leading(ledger) { _ in
                var chain = start
                let first = try chain.next("a")
                let second = try chain.next("b")
                let rival = try Chain(start.network, head: LogHead(sequence: 1, hash: second.hash)).after("b")
                #expect(await code { try await log.append(LogRecord(second)) } == .conflict)
                #expect(await code { try await log.append(LogRecord(Chain(2).after("a"))) } == .wrongNetwork)
                try await log.append(LogRecord(first))
                #expect(await code { try await log.append(LogRecord(first)) } == .conflict)
                #expect(await code { try await log.append(LogRecord(rival)) } == .conflict)
                try await log.append(LogRecord(second))
                #expect(try await everything(log) == [first, second])
            }
            try await ledger.close()
        }
    }

    @Test func twoAppendsAtOnceAreOneEntry() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let log = ledger.log
            try await leading(ledger) { _ in
                var chain = start
                for round in 0..<20 {
                    let rivals = try (0..<2).map { try chain.after("\(round)-\($0)") }
                    let codes = await withTaskGroup(of: LedgerLogError.Code?.self) { group in
                        for rival in rivals { group.addTask { await code { try await log.append(LogRecord(rival)) } } }
                        return await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(codes.contains(nil) && codes.contains(.conflict), "round \(round): \(codes)")
                    let head = try await log.head()
                    #expect(rivals.contains { $0.hash == head.hash })
                    chain = Chain(start.network, head: head)
                }
            }
            try await ledger.close()
        }
    }

    @Test func wakesReadersUp() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let reader = try etcd.ledger(start, node: 2, isCandidate: false)
            try await leading(ledger) { _ in
                var hints = reader.log.wakeUps().makeAsyncIterator()
                var chain = start
                for _ in 0..<5 {
                    let entry = try chain.next("a")
                    try await ledger.log.append(LogRecord(entry))
                    while try await reader.log.head().sequence < entry.sequence { _ = await hints.next() }
                }
            }
            try await reader.close()
            try await ledger.close()
        }
    }

    @Test func readersSurviveACompaction() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            let reader = try etcd.ledger(start, node: 2, isCandidate: false)
            let operation = try EtcdClient(etcd.cluster(), logger: .silent)
            let entries = try await leading(ledger) { _ in
                var chain = start
                var entries: [Entry] = []
                var hints = reader.log.wakeUps().makeAsyncIterator()
                var isSeen = 0
                for number in 0..<40 {
                    let entry = try chain.next("\(number)")
                    try await ledger.log.append(LogRecord(entry))
                    entries.append(entry)
                    if number % 8 == 7 {
                        try await operation.compact(try await operation.read([]).revision)
                        _ = await hints.next()
                        isSeen = try await everything(reader.log).count
                    }
                }
                #expect(isSeen == entries.count)
                return entries
            }
            #expect(try await everything(reader.log) == entries)
            await operation.close()
            try await reader.close()
            try await ledger.close()
        }
    }
}
