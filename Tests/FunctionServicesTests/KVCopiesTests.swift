import Foundation
import Functions
import GRDB
import Synchronization
import Testing

@testable import FunctionServices

@Suite struct KVStampTests {
    @Test(
        arguments: [
            (0, 5, 5_000), (4_999, 5, 5_000), (5_000, 5, 5_001), (9_000, 5, 9_001), (0, 0, 1), (0, -7, 1),
            (Int64.max, 5, Int64.max), (3, Int64.max, Int64.max / 1_000 * 1_000),
        ] as [(Int64, Int64, Int64)])
    func clocksGoForward(_ last: Int64, _ wall: Int64, _ next: Int64) {
        #expect(KVStamp.clock(after: last, wallMilliseconds: wall) == next)
    }

    @Test func theLaterClockAndThenTheGreaterWriterCounts() {
        let stamps = [(1, 9), (2, -5), (2, 0), (2, 4), (3, -9)].map { KVStamp(clock: $0.0, writer: $0.1) }
        #expect(stamps.shuffled().sorted() == stamps)
    }

    @Test func vectorsGrowWithoutGaps() {
        var vector = KVVector([1: 5, 2: 0])
        #expect(vector.writers == [1])
        #expect(vector.covers(KVStamp(clock: 5, writer: 1)) && !vector.covers(KVStamp(clock: 6, writer: 1)))
        #expect(!vector.covers(KVStamp(clock: 1, writer: 2)))
        let spans = [
            KVSpan(writer: 1, from: 6, to: 9), KVSpan(writer: 1, from: 2, to: 4), KVSpan(writer: 1, from: 5, to: 9),
            KVSpan(writer: 7, from: 0, to: 2),
        ]
        var clocks: [Int64] = []
        var isTaken: [Bool] = []
        for span in spans {
            isTaken.append(vector.take(span))
            clocks.append(vector[1])
        }
        #expect(isTaken == [false, true, true, true])
        #expect(clocks == [5, 5, 9, 9])
        #expect(vector == KVVector([1: 9, 7: 2]))
        #expect(KVVector([1: 9]).isBehind(vector) && !vector.isBehind(KVVector([1: 9])) && !vector.isBehind(vector))
    }
}

@Suite struct KVCopiesTests {
    private let app = "owner/app"
    private let space = "notes"

    /// Stores of one app, with a clock that the test sets.
    private final class Homes {
        final class Clock: Sendable {
            private let seconds = Mutex(1_000_000)
            var now: Int { seconds.withLock { $0 } }
            func advance(by count: Int) { seconds.withLock { $0 += count } }
        }

        let clock = Clock()
        private(set) var stores: [KVStore] = []
        private var paths: [String] = []

        init(_ count: Int, _ change: (inout KVSettings) -> Void = { _ in }) throws {
            for writer in 1...count {
                var settings = KVSettings()
                settings.writer = Int64(writer)
                settings.wallMilliseconds = { [clock] in Int64(clock.now) * 1_000 }
                settings.sweepInterval = .seconds(3_600)
                change(&settings)
                paths.append(temporaryPath())
                stores.append(try KVStore(path: paths[writer - 1], settings: settings))
            }
        }

        func advance(by count: Int) { clock.advance(by: count) }

        func close() async throws {
            for store in stores { try await store.close() }
            for path in paths { removeStore(path) }
        }
    }

    private func with(
        _ count: Int, _ change: (inout KVSettings) -> Void = { _ in }, _ body: (Homes, [KVStore]) async throws -> Void
    ) async throws {
        let homes = try Homes(count, change)
        try await body(homes, homes.stores)
        try await homes.close()
    }

    /// Brings `target` what it lacks; how many pages that took, and whether everything had to be copied.
    @discardableResult
    private func pull(_ target: KVStore, from source: KVStore) async throws -> (pages: Int, isWhole: Bool) {
        var seen = try await target.vector(of: app)
        for pages in 1...1_000 {
            guard let page = try await source.changes(of: app, since: seen) else {
                return (try await copy(target, from: source), true)
            }
            seen = try await target.merge(page.changes, spans: page.spans, of: app)
            if page.isComplete { return (pages, false) }
        }
        return (1_000, false)
    }

    private func copy(_ target: KVStore, from source: KVStore) async throws -> Int {
        var (reached, covered) = (KVVector(), KVVector?.none)
        try await target.beginCopy(of: app)
        for pages in 1...1_000 {
            let page = try #require(try await source.changes(of: app, since: reached, isWhole: true))
            covered = covered ?? page.known
            try await target.merge(page.changes, spans: [], of: app, isMarking: true)
            for span in page.spans { reached.take(span) }
            guard page.isComplete else { continue }
            try await target.endCopy(of: app, covered: covered ?? KVVector(), reached: reached)
            return pages
        }
        return 1_000
    }

    private func names(_ store: KVStore) async throws -> [String] {
        try await store.list(prefix: "", after: nil, limit: 1_000, in: space, of: app).keys.map(\.name)
    }

    private func put(_ store: KVStore, _ key: String, _ value: UInt8 = 1, expiration: Int? = nil) async throws {
        try await store.put(key, KVEntry(value: [value], expiration: expiration), in: space, of: app)
    }

    private func value(_ store: KVStore, _ key: String) async throws -> UInt8? {
        try await store.get(key, in: space, of: app)?.value.first
    }

    @Test func aStoreThatWouldBeOneTooManyMakesNoChanges() async throws {
        try await with(2) { _, stores in
            let (a, b) = (stores[0], stores[1])
            func others(_ count: Int) -> [KVSpan] {
                (0..<count).map { KVSpan(writer: Int64(1_000 + $0), from: 0, to: 1) }
            }
            try await a.merge([], spans: others(KVLimits.maxWriters - 1), of: app)
            try await put(a, "key")
            try await b.merge([], spans: others(KVLimits.maxWriters), of: app)
            await #expect { try await put(b, "key") } throws: { ($0 as? KVError)?.code == .writers }
            await #expect { try await a.merge([], spans: others(KVLimits.maxWriters), of: app) } throws: {
                ($0 as? KVError)?.code == .refused
            }
            #expect(try await value(b, "key") == nil)
            try await put(a, "key", 2)
        }
    }

    @Test func storesThatWereApartAgreeOnTheLaterChange() async throws {
        try await with(2) { homes, stores in
            let (a, b) = (stores[0], stores[1])
            try await put(a, "same", 1)
            try await put(a, "only-a", 1)
            try await put(a, "removed", 1)
            try await pull(b, from: a)
            homes.advance(by: 1)
            try await put(b, "same", 2)
            try await b.delete("removed", in: space, of: app)
            homes.advance(by: 1)
            try await put(a, "same", 3)
            try await put(b, "only-b", 2)
            try await pull(a, from: b)
            try await pull(b, from: a)
            for store in stores {
                #expect(try await names(store) == ["only-a", "only-b", "same"])
                #expect(try await value(store, "same") == 3)
                #expect(try await store.usage(of: app).entries == 3)
            }
            #expect(try await a.vector(of: app) == b.vector(of: app))
            #expect(try await a.usage(of: app).bytes == b.usage(of: app).bytes)
            // Who knows of a change makes later ones, however slow the clock.
            homes.advance(by: -10)
            try await put(b, "same", 4)
            try await pull(a, from: b)
            #expect(try await value(a, "same") == 4)
        }
    }

    @Test func pagesTellEverythingOnce() async throws {
        try await with(3) { _, stores in
            let large = [UInt8](repeating: 7, count: KVChangePage.maxBytes / 4)
            for number in 0..<10 {
                try await stores[number % 2].put("large\(number)", KVEntry(value: large), in: space, of: app)
            }
            try await pull(stores[1], from: stores[0])
            let (pages, isWhole) = try await pull(stores[2], from: stores[1])
            #expect(pages >= 3 && !isWhole)
            #expect(try await names(stores[2]) == (0..<10).map { "large\($0)" })
            let rest = try #require(
                try await stores[1].changes(of: app, since: try await stores[2].vector(of: app)))
            #expect(rest.changes.isEmpty && rest.spans.isEmpty && rest.isComplete)
        }
    }

    @Test func whatExpiresOnOneGoesOnTheOther() async throws {
        try await with(2) { homes, stores in
            try await put(stores[0], "key", 1)
            try await pull(stores[1], from: stores[0])
            let now = homes.clock.now
            try await put(stores[0], "key", 2, expiration: now + 60)
            homes.advance(by: 60)
            try await stores[0].sweep()
            #expect(try await value(stores[1], "key") == 1)
            try await pull(stores[1], from: stores[0])
            #expect(try await value(stores[1], "key") == nil)
        }
    }

    @Test func whoMissedForgottenRemovalsCopiesEverything() async throws {
        try await with(2, { $0.maxRemovedPerApp = 1 }) { homes, stores in
            let (a, b) = (stores[0], stores[1])
            for key in ["k1", "k2", "k3", "kept"] { try await put(a, key) }
            try await pull(b, from: a)
            homes.advance(by: 1)
            for key in ["k1", "k2", "k3"] { try await a.delete(key, in: space, of: app) }
            try await a.sweep()
            try await put(b, "own")
            #expect(try await a.changes(of: app, since: try await b.vector(of: app)) == nil)
            #expect(try await pull(b, from: a).isWhole)
            #expect(try await names(b) == ["kept", "own"])
            #expect(try await b.usage(of: app).entries == 2)
            #expect(try await !pull(b, from: a).isWhole)
            // What was forgotten there cannot be heard from here either.
            #expect(try await b.changes(of: app, since: KVVector([1: 1])) == nil)
            try await pull(a, from: b)
            #expect(try await names(a) == ["kept", "own"])
        }
    }

    @Test func whatIsRemovedAndForgottenDoesNotComeBackWithACopy() async throws {
        try await with(2, { $0.maxRemovedPerApp = 0 }) { homes, stores in
            let (a, b) = (stores[0], stores[1])
            for key in ["k1", "kept"] { try await put(a, key) }
            try await pull(b, from: a)
            homes.advance(by: 1)
            try await a.delete("k1", in: space, of: app)
            try await a.sweep()
            // The other one forgot a removal of its own, so that all it has has to be copied: also what is removed here.
            try await put(b, "own")
            try await put(b, "gone")
            try await b.delete("gone", in: space, of: app)
            try await b.sweep()
            #expect(try await pull(a, from: b).isWhole)
            #expect(try await names(a) == ["kept", "own"])
            #expect(try await pull(b, from: a).isWhole)
            #expect(try await names(b) == ["kept", "own"])
            #expect(try await a.usage(of: app).bytes == b.usage(of: app).bytes)
        }
    }

    @Test func anAppIsGivenAwayUnlessSomethingChanged() async throws {
        try await with(2, { $0.sweepBatch = 3 }) { homes, stores in
            let (a, b) = (stores[0], stores[1])
            for number in 0..<10 { try await put(a, "k\(number)") }
            try await a.put("k", KVEntry(value: [1]), in: space, of: "owner/other")
            let known = try await a.vector(of: app)
            homes.advance(by: 1)
            try await put(a, "late", 7)
            #expect(try await !a.giveAway(app, known: known))
            #expect(try await value(a, "late") == 7)
            #expect(try await !a.giveAway(app, known: KVVector()))
            #expect(try await !a.giveAway("nobody/app", known: KVVector([1: 1])))

            try await pull(b, from: a)
            let all = try await a.vector(of: app)
            #expect(try await a.giveAway(app, known: all))
            #expect(try await names(a).isEmpty)
            #expect(try await a.vector(of: app) == KVVector())
            #expect(try await a.usage(of: app).entries == 0)
            #expect(try await a.apps(after: "", limit: 9) == ["owner/other"])
            try await a.sweep()
            #expect(try await a.get("k", in: space, of: "owner/other") != nil)
            // Others would take a change for all that was ever made here.
            await #expect(throws: KVError.self) { try await put(a, "again") }
            try await pull(a, from: b)
            homes.advance(by: -10)
            try await put(a, "again")
            #expect(try await a.vector(of: app)[1] > all[1])
            try await pull(b, from: a)
            for store in stores { #expect(try await names(store).count == 12) }
            #expect(try await a.usage(of: app).bytes == b.usage(of: app).bytes)
            #expect(try await a.giveAway(app, known: try await a.vector(of: app)))
            try await a.takeBack(app)
            try await put(a, "alone")
        }
    }

    @Test func aChangeComesAfterWhatAnUnfinishedCopyLeft() async throws {
        try await with(2) { homes, stores in
            let ahead = KVStamp(clock: Int64(homes.clock.now + 60) * 1_000_000, writer: 9)
            let change = KVChange(namespace: space, key: "k", stamp: ahead, entry: KVEntry(value: [1]))
            try await stores[0].merge([change], spans: [], of: app, isMarking: true)
            try await put(stores[0], "k", 2)
            try await pull(stores[1], from: stores[0])
            try await stores[1].merge([change], spans: [], of: app)
            #expect(try await value(stores[1], "k") == 2)
        }
    }

    @Test func removalsAreForgottenAfterAWhile() async throws {
        try await with(1) { homes, stores in
            try await put(stores[0], "key")
            try await stores[0].delete("key", in: space, of: app)
            let first = try await stores[0].vector(of: app)
            try await stores[0].sweep()
            #expect(try await stores[0].changes(of: app, since: KVVector())?.changes.count == 1)
            homes.advance(by: 8 * 86_400)
            try await stores[0].sweep()
            #expect(try await stores[0].changes(of: app, since: KVVector()) == nil)
            #expect(try await stores[0].changes(of: app, since: first)?.changes == [])
        }
    }

    @Test func gapsAreNotPassedOver() async throws {
        try await with(2) { _, stores in
            try await put(stores[0], "a")
            let first = try await stores[0].vector(of: app)
            try await put(stores[0], "b")
            let page = try #require(try await stores[0].changes(of: app, since: first, writer: 1))
            #expect(page.changes.map(\.key) == ["b"])
            let seen = try await stores[1].merge(page.changes, spans: page.spans, of: app)
            #expect(seen[1] == 0)
        }
    }

    @Test func changesThatNoStoreMakesAreRefused() async throws {
        try await with(1) { homes, stores in
            let now = Int64(homes.clock.now) * 1_000_000
            func change(
                key: String = "k", clock: Int64 = 5, entry: KVEntry? = KVEntry(value: [1])
            ) -> KVChange {
                KVChange(namespace: space, key: key, stamp: KVStamp(clock: clock, writer: 2), entry: entry)
            }
            let bad = [
                change(key: ""), change(key: String(repeating: "k", count: KVLimits.maxKeyBytes + 1)),
                change(clock: 0), change(clock: now + KVLimits.maxLeadMicroseconds + 1),
                change(entry: KVEntry(value: [], metadata: "{")), change(entry: KVEntry(value: [], expiration: -1)),
                change(entry: KVEntry(value: [UInt8](repeating: 0, count: KVLimits.maxValueBytes + 1))),
            ]
            for bad in bad {
                await #expect(throws: KVError.self) {
                    try await stores[0].merge([change(), bad], spans: [], of: app)
                }
            }
            await #expect(throws: KVError.self) {
                try await stores[0].merge([], spans: [KVSpan(writer: 2, from: 0, to: Int64.max)], of: app)
            }
            await #expect(throws: KVError.self) {
                let spans = (0...KVLimits.maxWriters).map { KVSpan(writer: Int64($0), from: 0, to: 1) }
                try await stores[0].merge([], spans: spans, of: app)
            }
            #expect(try await stores[0].usage(of: app).entries == 0)
            try await stores[0].merge([change(clock: now + KVLimits.maxLeadMicroseconds)], spans: [], of: app)
            #expect(try await stores[0].usage(of: app).entries == 1)
        }
    }

    @Test func filesWithoutStampsAreTakenOver() async throws {
        let path = temporaryPath()
        defer { removeStore(path) }
        let old = try DatabaseQueue(path: path)
        try await old.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE app (
                        id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE,
                        bytes INTEGER NOT NULL DEFAULT 0, entries INTEGER NOT NULL DEFAULT 0) STRICT;
                    CREATE TABLE namespace (
                        id INTEGER PRIMARY KEY NOT NULL, app INTEGER NOT NULL REFERENCES app(id), name TEXT NOT NULL,
                        UNIQUE (app, name)) STRICT;
                    CREATE TABLE entry (
                        id INTEGER PRIMARY KEY NOT NULL, namespace INTEGER NOT NULL REFERENCES namespace(id),
                        key BLOB NOT NULL, metadata TEXT, expiration INTEGER, value BLOB NOT NULL,
                        UNIQUE (namespace, key)) STRICT;
                    CREATE INDEX entry_by_expiration ON entry (expiration) WHERE expiration IS NOT NULL;
                    INSERT INTO app VALUES (4, 'owner/app', 132, 2);
                    INSERT INTO namespace VALUES (7, 4, 'notes');
                    INSERT INTO entry VALUES (1, 7, x'61', NULL, NULL, x'05'), (2, 7, x'62', NULL, NULL, x'06');
                    PRAGMA application_id = \(0x536b_4b56);
                    PRAGMA user_version = 1;
                    """)
        }
        try old.close()
        let store = try KVStore(path: path)
        #expect(try await names(store) == ["a", "b"])
        #expect(try await value(store, "b") == 6)
        #expect(try await store.changes(of: app, since: KVVector())?.changes.map(\.key) == ["a", "b"])
        try await put(store, "c")
        #expect(try await store.usage(of: app).entries == 3)
        try await store.close()
        // Files of the version after that one lack a column and a table.
        let second = try DatabaseQueue(path: path)
        try await second.write { database in
            try database.execute(sql: "ALTER TABLE app DROP COLUMN floor; DROP TABLE file; PRAGMA user_version = 2")
        }
        try second.close()
        let again = try KVStore(path: path)
        #expect(try await names(again) == ["a", "b", "c"])
        try await put(again, "d")
        try await again.close()
    }

    @Test func onlyBoundNamespacesAreReached() async throws {
        try await with(1) { _, stores in
            let bound = BoundKeyValues(stores[0]) { $0.release == "r1" ? ["notes"] : [] }
            try await bound.put("k", KVEntry(value: [1]), in: "notes", for: testVersion)
            #expect(try await bound.get("k", in: "notes", for: testVersion)?.value == [1])
            let other = FunctionVersion(tenant: testVersion.tenant, release: "r2")
            for (space, version) in [("other", testVersion), ("notes", other)] {
                func code(_ body: () async throws -> Void) async -> KVError.Code? {
                    do { try await body() } catch { return (error as? KVError)?.code }
                    return nil
                }
                #expect(await code { _ = try await bound.get("k", in: space, for: version) } == .notBound)
                #expect(
                    await code { try await bound.put("k", KVEntry(value: []), in: space, for: version) } == .notBound)
                #expect(await code { try await bound.delete("k", in: space, for: version) } == .notBound)
                #expect(
                    await code {
                        _ = try await bound.list(prefix: "", after: nil, limit: 1, in: space, for: version)
                    } == .notBound)
            }
        }
    }
}
