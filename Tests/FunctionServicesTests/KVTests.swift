import Foundation
import Functions
import NIOCore
import Synchronization
import Testing

@testable import FunctionServices

func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("kv-\(UUID().uuidString).sqlite").path
}

func removeStore(_ path: String) {
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
}

/// A clock that the test sets, in seconds.
private final class FakeClock: Sendable {
    private let seconds = Mutex(1_000_000)
    var now: Int { seconds.withLock { $0 } }
    func advance(by count: Int) { seconds.withLock { $0 += count } }
}

private func withStore(
    _ change: (inout KVSettings) -> Void = { _ in }, _ body: (KVStore, FakeClock, String) async throws -> Void
) async throws {
    let path = temporaryPath()
    defer { removeStore(path) }
    let clock = FakeClock()
    var settings = KVSettings()
    settings.wallMilliseconds = { Int64(clock.now) * 1_000 }
    settings.sweepInterval = .seconds(3_600)
    change(&settings)
    let store = try KVStore(path: path, settings: settings)
    try await body(store, clock, path)
    try await store.close()
}

@Suite struct KVStoreTests {
    private let app = "owner/app"
    private let space = "NOTES"

    private func code(_ body: () async throws -> Void) async -> KVError.Code? {
        do { try await body() } catch { return (error as? KVError)?.code }
        return nil
    }

    @Test func entriesComeBackAfterAReopening() async throws {
        let path = temporaryPath()
        defer { removeStore(path) }
        let entry = KVEntry(value: [0, 255, 1], metadata: #"{"a":1}"#, expiration: 4_000_000_000)
        let first = try KVStore(path: path)
        try await first.put("k", entry, in: space, of: app)
        try await first.put("empty", KVEntry(value: []), in: space, of: app)
        try await first.close()
        let second = try KVStore(path: path)
        #expect(try await second.get("k", in: space, of: app) == entry)
        #expect(try await second.get("empty", in: space, of: app) == KVEntry(value: []))
        #expect(try await second.get("k", in: "OTHER", of: app) == nil)
        #expect(try await second.get("k", in: space, of: "owner/other") == nil)
        try await second.put("k", KVEntry(value: [9]), in: space, of: app)
        #expect(try await second.get("k", in: space, of: app) == KVEntry(value: [9]))
        try await second.delete("k", in: space, of: app)
        try await second.delete("k", in: space, of: app)
        try await second.delete("k", in: "NONE", of: "nobody")
        #expect(try await second.get("k", in: space, of: app) == nil)
        #expect(try await second.usage(of: app).entries == 1)
        try await second.close()
        #expect(await code { try await second.put("k", entry, in: space, of: app) } == .closed)
        #expect(await code { _ = try await second.get("k", in: space, of: app) } != nil)
    }

    @Test func sizesHaveLimits() async throws {
        try await withStore { store, clock, _ in
            let key = String(repeating: "k", count: KVLimits.maxKeyBytes)
            let value = [UInt8](repeating: 1, count: KVLimits.maxValueBytes)
            let metadata = "\"" + String(repeating: "m", count: KVLimits.maxMetadataBytes - 2) + "\""
            let name = String(repeating: "n", count: KVLimits.maxNamespaceBytes)
            try await store.put(key, KVEntry(value: value, metadata: metadata), in: name, of: app)
            #expect(try await store.get(key, in: name, of: app)?.value == value)
            let usage = try await store.usage(of: app)
            #expect(
                usage.bytes == KVLimits.maxKeyBytes + KVLimits.maxValueBytes + KVLimits.maxMetadataBytes
                    + KVLimits.entryOverheadBytes)
            let small = KVEntry(value: [])
            #expect(await code { try await store.put(key + "k", small, in: name, of: app) } == .tooLarge)
            #expect(await code { try await store.put("", small, in: name, of: app) } == .argument)
            #expect(await code { try await store.put("k", small, in: name + "n", of: app) } == .argument)
            #expect(await code { try await store.put("k", small, in: "", of: app) } == .argument)
            #expect(
                await code { try await store.put("k", KVEntry(value: value + [1]), in: name, of: app) } == .tooLarge)
            let long = KVEntry(value: [], metadata: metadata + " ")
            #expect(await code { try await store.put("k", long, in: name, of: app) } == .tooLarge)
            for (seconds, isFine) in [(60, true), (59, false), (0, false), (-5, false)] {
                let entry = KVEntry(value: [], expiration: clock.now + seconds)
                #expect(await code { try await store.put("t", entry, in: name, of: app) } == (isFine ? nil : .argument))
            }
            let last = KVEntry(value: [], expiration: KVLimits.maxExpiration + 1)
            #expect(await code { try await store.put("t", last, in: name, of: app) } == .argument)
            for limit in [0, -1, KVLimits.maxListed + 1] {
                #expect(
                    await code { _ = try await store.list(prefix: "", after: nil, limit: limit, in: name, of: app) }
                        == .argument)
            }
        }
    }

    @Test func entriesExpireAndAreSwept() async throws {
        try await withStore({ $0.sweepBatch = 2 }) { store, clock, _ in
            for number in 0..<5 {
                try await store.put(
                    "t\(number)", KVEntry(value: [1], expiration: clock.now + 60 + number), in: space, of: app)
            }
            try await store.put("stays", KVEntry(value: [1]), in: space, of: app)
            clock.advance(by: 59)
            #expect(try await store.get("t0", in: space, of: app) != nil)
            clock.advance(by: 1)
            #expect(try await store.get("t0", in: space, of: app) == nil)
            #expect(try await store.get("t1", in: space, of: app) != nil)
            let page = try await store.list(prefix: "", after: nil, limit: 10, in: space, of: app)
            #expect(page.keys.map(\.name) == ["stays", "t1", "t2", "t3", "t4"])
            clock.advance(by: 100)
            #expect(try await store.usage(of: app).entries == 6)
            #expect(try await store.sweep() == 5)
            #expect(try await store.sweep() == 0)
            let usage = try await store.usage(of: app)
            #expect(usage.entries == 1)
            #expect(usage.bytes == 5 + 1 + KVLimits.entryOverheadBytes)
        }
    }

    @Test func sweepsHappenByThemselves() async throws {
        try await withStore({ $0.sweepInterval = .milliseconds(20) }) { store, clock, _ in
            try await store.put("t", KVEntry(value: [1], expiration: clock.now + 60), in: space, of: app)
            clock.advance(by: 60)
            try await eventually("the entry must go") { try await store.usage(of: app).entries == 0 }
        }
    }

    @Test func listsGoOnWhereTheyStopped() async throws {
        try await withStore { store, _, _ in
            let names = ["a", "a/", "a/1", "a/2", "a/é", "a0", "b", "日", "\u{10ffff}"]
            for name in names.shuffled() { try await store.put(name, KVEntry(value: [1]), in: space, of: app) }
            try await store.put("a/3", KVEntry(value: [1]), in: "OTHER", of: app)
            var (found, after, pages) = ([String](), String?.none, 0)
            repeat {
                let page = try await store.list(prefix: "", after: after, limit: 2, in: space, of: app)
                found += page.keys.map(\.name)
                (after, pages) = (page.next, pages + 1)
            } while after != nil
            #expect(found == names)
            #expect(pages == 5)
            let some = try await store.list(prefix: "a/", after: nil, limit: 4, in: space, of: app)
            #expect(some.keys.map(\.name) == ["a/", "a/1", "a/2", "a/é"])
            #expect(some.next == nil)
            #expect(try await store.list(prefix: "a/", after: "b", limit: 9, in: space, of: app).keys.isEmpty)
            #expect(try await store.list(prefix: "x", after: nil, limit: 9, in: space, of: app).keys.isEmpty)
        }
    }

    @Test func quotasBindAnApp() async throws {
        let change: (inout KVSettings) -> Void = {
            $0.maxBytesPerApp = 1_000
            $0.maxEntriesPerApp = 3
            $0.maxNamespacesPerApp = 2
        }
        try await withStore(change) { store, _, _ in
            let fits = 1_000 - 1 - KVLimits.entryOverheadBytes
            let full = KVEntry(value: [UInt8](repeating: 1, count: fits))
            #expect(
                await code { try await store.put("k", KVEntry(value: full.value + [1]), in: space, of: app) } == .quota)
            try await store.put("k", full, in: space, of: app)
            // Replacing a value frees the old one's bytes.
            try await store.put("k", full, in: space, of: app)
            #expect(await code { try await store.put("l", KVEntry(value: []), in: space, of: app) } == .quota)
            try await store.put("k", full, in: space, of: "owner/other")
            try await store.put("k", KVEntry(value: []), in: space, of: app)
            try await store.put("l", KVEntry(value: []), in: space, of: app)
            try await store.put("m", KVEntry(value: []), in: "TWO", of: app)
            #expect(await code { try await store.put("n", KVEntry(value: []), in: space, of: app) } == .quota)
            try await store.delete("l", in: space, of: app)
            #expect(await code { try await store.put("n", KVEntry(value: []), in: "THREE", of: app) } == .quota)
            try await store.put("n", KVEntry(value: []), in: space, of: app)
        }
    }

    @Test func manyWritersShareTransactions() async throws {
        try await withStore({ $0.maxEntriesPerApp = 150 }) { store, _, _ in
            let refused = Counts()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        do {
                            try await store.put("k\(number)", KVEntry(value: [1]), in: "NOTES", of: "owner/app")
                        } catch let error as KVError where error.code == .quota {
                            refused.increment("quota")
                        }
                    }
                }
                try await group.waitForAll()
            }
            // One that is refused takes no other with it.
            #expect(refused["quota"] == 50)
            #expect(try await store.usage(of: app).entries == 150)
            #expect(try await store.list(prefix: "", after: nil, limit: 1_000, in: space, of: app).keys.count == 150)
        }
    }

    @Test func closingWaitsForWriters() async throws {
        let path = temporaryPath()
        defer { removeStore(path) }
        let store = try KVStore(path: path)
        let done = Counts()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    do {
                        try await store.put("k\(number)", KVEntry(value: [1]), in: "NOTES", of: "owner/app")
                        done.increment("stored")
                    } catch {
                        done.increment("refused")
                    }
                }
            }
            group.addTask { try? await store.close() }
        }
        #expect(done["stored"] + done["refused"] == 100)
        let again = try KVStore(path: path)
        #expect(try await again.usage(of: app).entries == done["stored"])
        try await again.close()
    }

    @Test func foreignFilesAreRefused() async throws {
        let path = temporaryPath()
        defer { removeStore(path) }
        try Data("this is no database, however long one looks at it".utf8).write(to: URL(fileURLWithPath: path))
        #expect(await code { _ = try KVStore(path: path) } == .unusable)
    }
}

@Suite struct KVCallsTests {
    @Test func aListThatIsTooLongComesInSeveralPages() async throws {
        try await withStore { store, _, _ in
            let names = (0..<700).map { "key \(1_000 + $0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    let metadata = "\"\(String(repeating: "m", count: 1_000))\""
                    group.addTask {
                        try await store.put(
                            name, KVEntry(value: [], metadata: metadata), in: "N", of: testVersion.tenant)
                    }
                }
                try await group.waitForAll()
            }
            try await withServices(keyValues: store) { services in
                var (found, pages, cursor): ([String], Int, String?) = ([], 0, nil)
                repeat {
                    let behind = cursor.map { #", "cursor": "\#($0)""# } ?? ""
                    let page = try await services.answer(makeCall("kv.list", #"{"namespace": "N"\#(behind)}"#))
                    #expect(page.value.utf8.count <= KVCalls.maxListBytes)
                    found += (page.json["keys"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
                    cursor = page.json["cursor"] as? String
                    #expect((page.json["complete"] as? Bool) == (cursor == nil))
                    pages += 1
                } while cursor != nil && pages < 10
                #expect(found == names && pages == 2)
            }
        }
    }

    @Test func callsWorkTogether() async throws {
        try await withStore { store, clock, _ in
            try await withServices(keyValues: store) { services in
                func run(_ name: String, _ argument: String, _ bytes: [UInt8] = []) async throws -> HostAnswer {
                    try await services.answer(makeCall(name, argument, bytes: bytes))
                }
                let missing = try await run("kv.get", #"{"namespace": "N", "key": "k"}"#)
                #expect(missing.value == #"{"found":false}"#)
                let metadata = #"{"a":[1,2.5,null,true,"ü/\"",-3],"b":{}}"#
                let put = #"{"namespace": "N", "key": "k", "expirationTtl": 60, "metadata": \#(metadata)}"#
                #expect(try await run("kv.put", put, [1, 2, 3]).value == "{}")
                let found = try await run("kv.get", #"{"namespace": "N", "key": "k"}"#)
                #expect(found.value == #"{"expiration":\#(clock.now + 60),"found":true,"metadata":\#(metadata)}"#)
                #expect(try await found.bytes() == [1, 2, 3])
                let large = [UInt8](repeating: 5, count: KVLimits.maxValueBytes)
                _ = try await run("kv.put", #"{"namespace": "N", "key": "l", "metadata": null}"#, large)
                let back = try await run("kv.get", #"{"namespace": "N", "key": "l"}"#)
                #expect(back.value == #"{"found":true}"#)
                #expect(try await back.bytes() == large)
                let list = try await run("kv.list", #"{"namespace": "N", "limit": 1}"#)
                #expect(list.json["complete"] as? Bool == false)
                let cursor = try #require(list.json["cursor"] as? String)
                let rest = try await run("kv.list", #"{"namespace": "N", "limit": 1, "cursor": "\#(cursor)"}"#)
                #expect(rest.value == #"{"complete":true,"keys":[{"name":"l"}]}"#)
                _ = try await run("kv.delete", #"{"namespace": "N", "key": "l"}"#)
                let prefixed = try await run("kv.list", #"{"namespace": "N", "prefix": "k"}"#)
                #expect(
                    prefixed.value
                        == #"{"complete":true,"keys":[{"expiration":\#(clock.now + 60),"metadata":\#(metadata),"name":"k"}]}"#
                )
            }
        }
    }

    @Test(arguments: [
        ("kv.get", "{}", "host/argument"), ("kv.get", #"{"namespace": "N"}"#, "host/argument"),
        ("kv.get", #"{"namespace": "N", "key": ""}"#, "kv/argument"),
        ("kv.get", #"{"namespace": "N", "key": "\ud800"}"#, "host/argument"),
        ("kv.put", #"{"namespace": "N", "key": "k", "expirationTtl": 59}"#, "kv/argument"),
        ("kv.put", #"{"namespace": "N", "key": "k", "expirationTtl": 1e300}"#, "kv/argument"),
        ("kv.put", #"{"namespace": "N", "key": "k", "expiration": -1}"#, "kv/argument"),
        ("kv.put", #"{"namespace": "N", "key": "k", "expiration": 5}"#, "kv/argument"),
        ("kv.list", #"{"namespace": "N", "limit": 1001}"#, "kv/argument"),
        ("kv.list", #"{"namespace": "N", "cursor": "!"}"#, "kv/argument"),
        ("kv.list", #"{"namespace": "N", "cursor": "/w=="}"#, "kv/argument"),
        ("kv.delete", #"{"namespace": "", "key": "k"}"#, "kv/argument"),
    ])
    func badArgumentsAreNamed(_ name: String, _ argument: String, _ code: String) async throws {
        try await withStore { store, _, _ in
            try await withServices(keyValues: store) { services in
                #expect(await failure { try await services.answer(makeCall(name, argument)).value }.code == code)
            }
        }
    }

    @Test func largeValuesAndMetadataAreRefused() async throws {
        try await withStore { store, _, _ in
            try await withServices(keyValues: store) { services in
                let long = [UInt8](repeating: 5, count: KVLimits.maxValueBytes + 1)
                let put = #"{"namespace": "N", "key": "l"}"#
                #expect(
                    await failure { try await services.answer(makeCall("kv.put", put, bytes: long)).value }.code
                        == "kv/too-large")
                let metadata = String(repeating: "m", count: KVLimits.maxMetadataBytes)
                let withMetadata = #"{"namespace": "N", "key": "l", "metadata": "\#(metadata)"}"#
                #expect(
                    await failure { try await services.answer(makeCall("kv.put", withMetadata)).value }.code
                        == "kv/too-large")
            }
        }
    }
}
