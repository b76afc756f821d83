import Foundation
import Ledger
import LedgerLog
import SwiftProtobuf
import Testing

@testable import EtcdLog

/// Somebody with write access put something else there.
@Suite(.enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct HostileValueTests {
    private static let garbage = [Data(), Data([1]), Data(repeating: 0xff, count: 41), Data("nonsense".utf8)]

    /// A log of three entries, and how to damage it.
    private final class Victim {
        let chain: Chain
        let entries: [Entry]
        let ledger: EtcdLedger
        var log: EtcdLedgerLog { ledger.log }
        var keys: EtcdKeys { log.keys }

        init(_ etcd: EtcdFixture, _ number: UInt8) async throws {
            let start = try Chain(number)
            let writer = try etcd.ledger(start)
            (chain, entries) = try await leading(writer) { _ in
                var chain = start
                var entries: [Entry] = []
                for text in ["a", "b", "c"] {
                    let entry = try chain.next(text)
                    try await writer.log.append(LogRecord(entry))
                    entries.append(entry)
                }
                return (chain, entries)
            }
            try await writer.close()
            // Opened by a node that has not seen it before and thinks that it leads.
            ledger = try etcd.ledger(start)
            ledger.log.lead.update { $0.won(LeadCore.Lead(term: 1, lease: 1, end: .now + .seconds(60))) }
        }

        func put(_ key: Data, _ value: Data) async throws {
            _ = try await log.client.transact(.with { $0.success = [.put(key, value)] })
        }
    }

    @Test func aStrangeHead() async throws {
        try await EtcdFixture.run { etcd in
            for (number, bytes) in Self.garbage.enumerated() {
                let victim = try await Victim(etcd, UInt8(number))
                try await victim.put(victim.keys.head, bytes)
                let (log, next) = (victim.log, try victim.chain.after("d"))
                #expect(await code { _ = try await log.head() } == .logUnusable)
                #expect(await code { _ = try await log.page(from: 1, limit: 9, byteLimit: 9) } == .logUnusable)
                #expect(await code { try await log.append(LogRecord(next)) } == .logUnusable)
                #expect(await code { try await log.truncate(to: victim.chain.base(next)) } == .logUnusable)
                try await victim.ledger.close()
            }
            let victim = try await Victim(etcd, 10)
            let (log, next) = (victim.log, try victim.chain.after("d"))
            try await victim.put(victim.keys.head, EtcdValues.encode(LogHead(sequence: .max, hash: next.hash)))
            #expect(await code { _ = try await log.head() } == .logUnusable)
            #expect(await code { try await log.append(LogRecord(next)) } == .conflict)
            #expect(try await log.entries(from: 4, limit: 9, byteLimit: 9).isEmpty)
            try await victim.ledger.close()
        }
    }

    @Test func aStrangeBase() async throws {
        try await EtcdFixture.run { etcd in
            for (number, bytes) in Self.garbage.enumerated() {
                let victim = try await Victim(etcd, UInt8(number))
                try await victim.put(victim.keys.base, bytes)
                let log = victim.log
                #expect(await code { _ = try await log.head() } == .logUnusable)
                #expect(await code { _ = try await log.base() } == .logUnusable)
                #expect(await code { _ = try await log.entries(from: 1, limit: 9, byteLimit: 9) } == .logUnusable)
                try await victim.ledger.close()
            }
            let victim = try await Victim(etcd, 10)
            let log = victim.log
            let hash = victim.chain.head.hash
            let far = LogBase(
                sequence: .max, hash: hash, stateRoot: hash, snapshot: victim.chain.base(victim.entries[0]).snapshot,
                snapshotByteCount: .max, certificate: Data())
            try await victim.put(victim.keys.base, EtcdValues.encode(far))
            #expect(await code { _ = try await log.head() } == .logUnusable)
            #expect(await code { _ = try await log.entries(from: .max, limit: 9, byteLimit: 9) } == .truncated)
            try await victim.ledger.close()
        }
    }

    @Test func strangeEntries() async throws {
        try await EtcdFixture.run { etcd in
            for (number, bytes) in Self.garbage.enumerated() {
                let victim = try await Victim(etcd, UInt8(number))
                let log = victim.log
                try await victim.put(victim.keys.entry(3), bytes)
                #expect(await code { _ = try await log.head() } == .logUnusable)
                #expect(try await log.entries(from: 3, limit: 1, byteLimit: 9) == [bytes])
                let base = victim.chain.base(victim.entries[2])
                #expect(await code { try await log.truncate(to: base) } == .conflict)
                try await victim.ledger.close()
            }
            let victim = try await Victim(etcd, 10)
            let log = victim.log
            try await log.client.delete(victim.keys.entry(2), victim.keys.entry(3))
            #expect(try await log.entries(from: 1, limit: 9, byteLimit: 9_999).count == 1)
            #expect(await code { _ = try await log.entries(from: 2, limit: 9, byteLimit: 9_999) } == .logUnusable)
            try await victim.put(Data("\(victim.keys.prefix)e/0000000000000000x".utf8), Data())
            let base = victim.chain.base(victim.entries[2])
            #expect(await code { try await log.truncate(to: base) } == .logUnusable)
            try await victim.ledger.close()
        }
    }

    @Test func anotherNetworksLog() async throws {
        try await EtcdFixture.run { etcd in
            let victim = try await Victim(etcd, 1)
            let foreign = try Chain(2).after("a")
            try await victim.put(victim.keys.head, EtcdValues.encode(LogHead(sequence: 1, hash: foreign.hash)))
            try await victim.put(victim.keys.entry(1), foreign.bytes)
            do {
                Issue.record("head: \(try await victim.log.head())")
            } catch let error as LedgerLogError {
                #expect(error.code == .logUnusable && error.message.contains("another network"))
            }
            try await victim.ledger.close()
        }
    }
}
