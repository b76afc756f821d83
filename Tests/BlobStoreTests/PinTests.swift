import Blake3
import Foundation
import GRDB
import Identity
import NIOCore
import Testing

@testable import BlobStore

private func owner(_ name: String) throws -> PinOwner { try #require(PinOwner(name)) }

@Suite struct PinTests {
    @Test func names() {
        #expect(PinOwner("user")?.description == "user")
        #expect(PinOwner("release:shop/7") != nil)
        #expect(PinOwner(String(repeating: "a", count: 200)) != nil)
        #expect(PinOwner(String(repeating: "a", count: 201)) == nil)
        #expect(PinOwner("") == nil)
        #expect(PinOwner("a\nb") == nil)
        #expect(PinOwner("a\u{7f}") == nil)
    }

    @Test func pinsComeAndGo() async throws {
        let fixture = try Fixture()
        let here = try await fixture.store.put(noise(100))
        let large = try await fixture.store.put(noise(50_000))
        let absent = digest(noise(7))
        let (user, release) = (try owner("user"), try owner("release:shop/1"))
        try await fixture.store.pin([here, absent, here], by: user)
        try await fixture.store.pin([here, large], by: release)
        for _ in 0..<2 {
            #expect(try fixture.store.pins(of: here) == [release, user])
            #expect(try fixture.store.pins(of: absent) == [user])
            #expect(try fixture.store.pinOwners() == [release, user])
            #expect(try fixture.store.pinOwners(after: release, limit: 5) == [user])
            #expect(try fixture.store.pinOwners(limit: 1) == [release])
            #expect(try fixture.store.pinned(by: user, limit: 10) == [here, absent].sorted())
            #expect(try fixture.store.pinned(by: user, after: min(here, absent), limit: 10) == [max(here, absent)])
            #expect(fixture.store.protectedUsage == (2, 50_100))
            try fixture.reopen()
        }
        #expect(try await fixture.store.unpin([here, large], by: user) == 1)
        #expect(fixture.store.protectedUsage == (2, 50_100))
        try await fixture.store.replacePins(of: release, with: [absent, large])
        #expect(try fixture.store.pins(of: here).isEmpty)
        #expect(try fixture.store.pins(of: absent) == [release, user])
        #expect(fixture.store.protectedUsage == (1, 50_000))
        #expect(try await fixture.store.unpinAll(by: release) == 2)
        #expect(try await fixture.store.unpinAll(by: release) == 0)
        #expect(fixture.store.protectedUsage == (0, 0))
        #expect(try fixture.store.pinOwners() == [user])
        // What was pinned before it came is protected when it comes.
        #expect(try await fixture.store.put(noise(7)) == absent)
        #expect(fixture.store.protectedUsage == (1, 7))
    }

    @Test func childrenOfAPinnedManifestAreProtected() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let (user, other) = (try owner("user"), try owner("other"))
        let manifest = try await store.put(noise(10, seed: 1))
        let second = try await store.put(noise(20, seed: 2))
        let shared = try await store.put(noise(300, seed: 3))
        let late = digest(noise(4_000, seed: 4))
        try await store.setReferences(of: manifest, to: [shared, late])
        try await store.setReferences(of: second, to: [shared])
        #expect(store.protectedUsage == (0, 0))
        try await store.pin([manifest], by: user)
        #expect(store.protectedUsage == (2, 310))
        _ = try await store.put(noise(4_000, seed: 4))
        #expect(store.protectedUsage == (3, 4_310))
        try await store.pin([manifest], by: other)
        try await store.unpin([manifest], by: user)
        #expect(store.protectedUsage == (3, 4_310))
        try await store.pin([second], by: user)
        try await store.unpin([manifest], by: other)
        #expect(store.protectedUsage == (2, 320))
        let rows = try store.listing(limit: 10)
        #expect(rows.first { $0.id == shared }?.referenceCount == 2)
        #expect(rows.first { $0.id == shared }?.isProtected == true)
        #expect(rows.first { $0.id == late }?.isProtected == false)
        try await store.setReferences(of: second, to: [late])
        #expect(store.protectedUsage == (2, 4_020))
        #expect(try store.references(of: second) == [late])
        // References go with the manifest, and only with it.
        try store.remove(late)
        #expect(try store.references(of: second) == [late])
        try store.remove(second)
        #expect(try store.references(of: second).isEmpty)
        #expect(store.protectedUsage == (0, 0))
        #expect(try store.listing(limit: 10).first { $0.id == shared }?.referenceCount == 1)
    }

    @Test func referencesOfADamagedManifestStay() async throws {
        let fixture = try Fixture()
        let manifest = try await fixture.store.put(noise(50_000))
        let child = try await fixture.store.put(noise(9))
        try await fixture.store.pin([manifest], by: try owner("user"))
        try await fixture.store.setReferences(of: manifest, to: [child])
        try fixture.flipBit(fixture.dataFile(manifest), at: 77)
        #expect(
            try await fixture.store.verify(manifest) == .damaged(reason: "has other bytes in block 0 than were stored"))
        #expect(try fixture.store.pins(of: manifest).count == 1)
        #expect(try fixture.store.references(of: manifest) == [child])
        #expect(fixture.store.protectedUsage == (1, 9))
        _ = try await fixture.store.collect(CollectionPolicy(minimumAge: .zero))
        #expect(try fixture.store.references(of: manifest) == [child])
        // Neither stored nor pinned: forgotten.
        try await fixture.store.unpinAll(by: try owner("user"))
        let report = try await fixture.store.collect(CollectionPolicy(minimumAge: .zero))
        #expect(report.removedReferences == 1)
        #expect(report.removedBlobs == 1)
        #expect(fixture.store.usage == (0, 0))
    }

    @Test func listings() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture { $0.clock = clock.clock }
        var ids: [BlobID] = []
        for size in 1...30 { ids.append(try await fixture.store.put(noise(size))) }
        ids.sort()
        try await fixture.store.pin(Array(ids[10..<20]), by: try owner("user"))
        clock.advance(day)
        _ = try await fixture.store.readAll(ids[3], limit: 100)
        try fixture.reopen()
        let rows = try fixture.store.listing(limit: 100)
        #expect(rows.map(\.id) == ids)
        #expect(rows[3].usedAtMilliseconds == 1_800_086_400_000)
        #expect(rows[4].usedAtMilliseconds == 1_800_000_000_000)
        #expect(rows[12].pinOwners == [try owner("user")])
        #expect(
            try fixture.store.listing(after: ids[8], limit: 3, isPinned: true).map(\.id) == Array(ids[10..<13]))
        #expect(
            try fixture.store.listing(after: ids[8], limit: 2, isPinned: false).map(\.id) == [ids[9], ids[20]])
        #expect(try fixture.store.listing(limit: -1).isEmpty)
    }

    @Test func aProtectedBlobThatIsNotHereIsListed() async throws {
        let fixture = try Fixture()
        let manifest = try await fixture.store.put(noise(50_000))
        let late = digest(noise(9))
        let other = try await fixture.store.put(noise(10))
        try await fixture.store.setReferences(of: manifest, to: [late])
        try await fixture.store.pin([manifest], by: try owner("user"))
        try fixture.flipBit(fixture.dataFile(manifest), at: 77)
        _ = try await fixture.store.verify(manifest)
        let rows = try fixture.store.listing(limit: 100)
        #expect(rows.map(\.id) == [manifest, late, other].sorted())
        for row in rows {
            #expect((row.stat == nil) == (row.id != other))
            #expect((row.usedAtMilliseconds == nil) == (row.id != other))
            #expect(row.isProtected == (row.id != other))
        }
        // Page by page, and by pins of their own.
        let first = try fixture.store.listing(limit: 2).map(\.id)
        #expect(first + (try fixture.store.listing(after: first[1], limit: 2).map(\.id)) == rows.map(\.id))
        #expect(try fixture.store.listing(limit: 9, isPinned: true).map(\.id) == [manifest])
        #expect(try fixture.store.listing(limit: 9, isPinned: false).map(\.id) == [late, other].sorted())
        try await fixture.store.unpinAll(by: try owner("user"))
        #expect(try fixture.store.listing(limit: 100).map(\.id) == [other])
    }

    @Test func theLimitOfOneCall() async throws {
        let fixture = try Fixture()
        let id = digest(noise(1))
        let many = [BlobID](repeating: id, count: BlobStore.maxTies)
        try await fixture.store.pin(many, by: try owner("user"))
        let owner = try owner("user")
        #expect(await code { try await fixture.store.pin(many + [id], by: owner) } == .tooLarge)
        #expect(await code { try await fixture.store.setReferences(of: id, to: many + [id]) } == .tooLarge)
        #expect(try fixture.store.pinned(by: owner, limit: 9) == [id])
    }
}

@Suite struct IndexTests {
    @Test func theFirstFormatIsMigrated() async throws {
        let fixture = try Fixture()
        let path = "\(fixture.folder)/blobs.sqlite"
        let (small, large) = (noise(100), noise(400_000))
        let id = try await fixture.store.put(large)
        try fixture.reopen {
            for name in ["blobs.sqlite", "blobs.sqlite-wal", "blobs.sqlite-shm"] {
                try? FileManager.default.removeItem(atPath: "\(fixture.folder)/\(name)")
            }
            let queue = try DatabaseQueue(path: path)
            try queue.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE blob (
                            id BLOB PRIMARY KEY NOT NULL, size INTEGER NOT NULL, created_at INTEGER NOT NULL,
                            is_inline INTEGER NOT NULL
                        ) WITHOUT ROWID;
                        CREATE TABLE inline_blob (id BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL);
                        PRAGMA user_version = 1;
                        """)
                for (bytes, isInline) in [(small, true), (large, false)] {
                    try database.execute(
                        sql: "INSERT INTO blob VALUES (?, ?, ?, ?)",
                        arguments: [
                            Data(digest(bytes).digest.bytes), bytes.readableBytes, 1_700_000_000_123, isInline,
                        ])
                }
                try database.execute(
                    sql: "INSERT INTO inline_blob VALUES (?, ?)",
                    arguments: [Data(digest(small).digest.bytes), Data(small.readableBytesView)])
            }
            try queue.close()
        }
        #expect(fixture.store.usage == (2, 400_100))
        #expect(try await fixture.store.readAll(id, limit: .max) == large)
        #expect(try await fixture.store.readAll(digest(small), limit: .max) == small)
        #expect(try fixture.store.stat(id)?.createdAtMilliseconds == 1_700_000_000_123)
        let rows = try fixture.store.listing(limit: 10)
        #expect(rows.allSatisfy { $0.usedAtMilliseconds == 1_700_000_000_123 && !$0.isProtected })
        try await fixture.store.pin([id], by: try owner("user"))
        #expect(fixture.store.protectedUsage == (1, 400_000))
        try fixture.reopen()
        #expect(fixture.store.protectedUsage == (1, 400_000))
    }

    @Test func totalsFollowEveryChange() async throws {
        let fixture = try Fixture()
        var random = SplitMix(seed: 7)
        let user = try owner("user")
        for _ in 0..<300 {
            let seed = random.next() % 25
            let bytes = noise(Int(seed) * 1_500 + 10, seed: seed)
            let id = digest(bytes)
            switch random.next() % 6 {
            case 0, 1: _ = try await fixture.store.put(bytes)
            case 2: _ = try fixture.store.remove(id)
            case 3: try await fixture.store.pin([id], by: user)
            case 4: _ = try await fixture.store.unpin([id], by: user)
            default:
                let children = (0..<random.next() % 4).map { _ in
                    let seed = random.next() % 25
                    return digest(noise(Int(seed) * 1_500 + 10, seed: seed))
                }
                try await fixture.store.setReferences(of: id, to: children)
            }
        }
        func check() throws {
            let rows = try fixture.store.listing(limit: .max)
            let stats = rows.compactMap(\.stat)
            #expect(fixture.store.usage == (stats.count, stats.reduce(0) { $0 + $1.byteCount }))
            let kept = rows.filter(\.isProtected).compactMap(\.stat)
            #expect(fixture.store.protectedUsage == (kept.count, kept.reduce(0) { $0 + $1.byteCount }))
            let pinned = Set(try fixture.store.pinned(by: user, limit: .max))
            let tied = Set(try pinned.flatMap { try fixture.store.references(of: $0) })
            #expect(Set(kept.map(\.id)) == pinned.union(tied).intersection(stats.map(\.id)))
            #expect(Set(rows.filter(\.isProtected).map(\.id)) == pinned.union(tied))
            #expect(rows.map(\.id) == rows.map(\.id).sorted())
        }
        try check()
        try fixture.reopen()
        try check()
    }
}

@Suite struct MissingTests {
    @Test func whatIsProtectedAndNotHere() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let user = try #require(PinOwner("user"))
        let here = try await store.put(noise(10))
        let lost = try await store.put(noise(300_000))
        let never = digest(noise(11))
        let manifest = try await store.put(noise(12))
        let (child, loose) = (digest(noise(13)), digest(noise(14)))
        try await store.pin([here, lost, never, manifest], by: user)
        try await store.setReferences(of: manifest, to: [here, child])
        // What a manifest that nobody pinned refers to is not wanted.
        try await store.setReferences(of: try await store.put(noise(15)), to: [loose])
        #expect(try store.missingProtected(limit: 100).missing == [never, child].sorted())
        try fixture.flipBit(fixture.dataFile(lost), at: 5)
        _ = try await store.verify(lost)
        for step in [1, 2, 100] {
            var missing: [BlobID] = []
            var after: BlobID?
            repeat {
                let (page, last) = try store.missingProtected(after: after, limit: step)
                missing += page
                after = last
            } while after != nil
            #expect(missing == [lost, never, child].sorted())
        }
        #expect(try [here, lost, child].allSatisfy(store.isProtected))
        #expect(try !store.isProtected(loose))
        #expect(try !store.isProtected(digest(noise(99))))
        try fixture.reopen()
        #expect(try fixture.store.missingProtected(limit: 100).missing == [lost, never, child].sorted())
    }
}

@Suite struct LargeIndexTests {
    /// `SKERRY_STORE_ROWS` sets the number of blobs, for figures with a million.
    private static let rows = ProcessInfo.processInfo.environment["SKERRY_STORE_ROWS"].flatMap(Int.init) ?? 20_000

    @Test func openingDoesNotCountAndStatsDoNotScan() async throws {
        let fixture = try Fixture()
        let rows = Self.rows
        try fixture.reopen {
            let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
            try queue.write { database in
                try database.execute(
                    sql: """
                        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                        INSERT INTO blob SELECT randomblob(32), 1000, 1, 0, 1, i, i / 1e6, 0 FROM n ORDER BY 1
                        """, arguments: [rows])
                try database.execute(sql: "UPDATE state SET blobs = ?, bytes = ?", arguments: [rows, rows * 1_000])
            }
            try queue.close()
        }
        let clock = ContinuousClock()
        let opening = try clock.measure { try fixture.reopen() }
        #expect(fixture.store.usage == (rows, rows * 1_000))
        var ids: [BlobID] = []
        var random = SplitMix(seed: 3)
        for _ in 0..<2_000 {
            let start = digest(ByteBuffer(integer: random.next()))
            ids += try fixture.store.list(after: start, limit: 1).map(\.id)
        }
        var times: [Duration] = []
        for id in ids { times.append(try clock.measure { _ = try fixture.store.index.stat(id) }) }
        times.sort()
        // Figures, not limits: those of a debug build say little.
        print(
            "\(rows) rows: opened in \(opening), stat \(times[times.count / 2]), p99 \(times[times.count * 99 / 100])")
        let cold = try fixture.store.index.coldest(after: nil, limit: 2)
        #expect(cold.map(\.usedMilliseconds) == [1, 2])
    }
}
