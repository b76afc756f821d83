import Foundation
import FunctionLogs
import Logging
import Testing

@Suite("Function logs")
struct FunctionLogStoreTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/skerry-logs-\(UUID().uuidString)"
    private let app = "0a1b/shop"

    private func store(_ limits: LogLimits = LogLimits()) -> FunctionLogStore {
        FunctionLogStore(
            path: folder, limits: limits, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private func line(_ text: String, request: String? = nil) -> FunctionLogRecord {
        FunctionLogRecord(time: 1, kind: .line, level: .info, release: "r1", request: request, text: text)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func byteCount(_ app: String? = nil) -> Int {
        let root = folder + (app.map { "/" + $0 } ?? "")
        let files = FileManager.default.enumerator(atPath: root)
        var sum = 0
        while let file = files?.nextObject() as? String {
            guard file.hasSuffix(".log") else { continue }
            sum += (try? FileManager.default.attributesOfItem(atPath: root + "/" + file)[.size] as? Int) ?? 0
        }
        return sum
    }

    @Test("Records come back in order, with everything, after a restart too")
    func restart() async throws {
        defer { remove() }
        var outcome = FunctionLogRecord(
            time: 1_700_000_000_123, kind: .outcome, level: .error, release: "r\"1", request: "ab", text: "a\u{1}\n\\é😀"
        )
        outcome.method = "POST"
        outcome.url = "http://x/?\"q\""
        outcome.status = 500
        outcome.code = "function/exception"
        outcome.wallMicroseconds = 1_234
        outcome.cpuMicroseconds = 12
        let first = store()
        first.add(line("one", request: "ab"), to: app)
        first.add(outcome, to: app)
        await first.flush()
        let second = store()
        second.add(line("three"), to: app)
        let records = await second.records(of: app, limit: 10)
        #expect(records.map(\.text) == ["one", outcome.text, "three"])
        #expect(records.map(\.sequence) == records.map(\.sequence).sorted() && Set(records.map(\.sequence)).count == 3)
        outcome.sequence = records[1].sequence
        #expect(records[1] == outcome)
        #expect(await second.records(of: app, after: records[1].sequence, limit: 10).map(\.text) == ["three"])
        #expect(await second.records(of: app, limit: 2).map(\.text) == [outcome.text, "three"])
        #expect(await second.records(of: "0a1b/other", limit: 2).isEmpty)
    }

    @Test("A line that a crash tore is left out, and what follows is kept")
    func tornLine() async throws {
        defer { remove() }
        let first = store()
        first.add(line("whole"), to: app)
        await first.flush()
        let file = folder + "/" + app + "/1.log"
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"sequence":9,"time":1,"ki"#.utf8))
        try handle.close()
        let second = store()
        second.add(line("after"), to: app)
        await second.flush()
        #expect(await second.records(of: app, limit: 10).map(\.text) == ["whole", "after"])
        #expect(await store().records(of: app, limit: 10).map(\.text) == ["whole", "after"])
    }

    @Test("A gigantic line is cut between characters; one at the limit is not")
    func giganticLine() async throws {
        defer { remove() }
        var limits = LogLimits()
        limits.maxTextBytes = 100
        let logs = store(limits)
        logs.add(line(String(repeating: "x", count: 100)), to: app)
        logs.add(line(String(repeating: "é", count: 1_000_000)), to: app)
        logs.add(line("x" + String(repeating: "😀", count: 100)), to: app)
        let records = await logs.records(of: app, limit: 10)
        #expect(records.map(\.text.utf8.count)[0] == 100)
        #expect(records[1].text == String(repeating: "é", count: 50) + "… (2000000 bytes in all)")
        #expect(records[2].text == "x" + String(repeating: "😀", count: 24) + "… (401 bytes in all)")
        await logs.flush()
        #expect(byteCount() < 2_000)
    }

    @Test("What comes faster than it may is counted and not kept")
    func flood() async throws {
        defer { remove() }
        var limits = LogLimits()
        limits.maxPendingBytes = 4_000
        let logs = store(limits)
        logs.add(line("first"), to: app)
        await logs.flush()
        for _ in 0..<10_000 { logs.add(line("again and again"), to: app) }
        await logs.flush()
        logs.add(line("later"), to: app)
        await logs.flush()
        let records = await logs.records(of: app, limit: 100_000)
        let kept = records.count { $0.text == "again and again" }
        #expect(kept > 10 && kept < 100)
        #expect(
            records.contains {
                $0.kind == .gap && $0.text == "\(10_000 - kept) records were left out: too many came at once"
            })
        #expect(records.last?.text == "later")
    }

    @Test("An app's files stay within their limit, the newest records in them")
    func rotation() async throws {
        defer { remove() }
        var limits = LogLimits()
        limits.maxFileBytes = 2_000
        limits.maxAppBytes = 6_000
        let logs = store(limits)
        for index in 0..<400 {
            logs.add(line("record \(index)"), to: app)
            if index % 10 == 9 { await logs.flush() }
        }
        await logs.flush()
        #expect(byteCount() <= 6_000 && byteCount() > 3_000)
        let records = await store(limits).records(of: app, limit: 1_000)
        #expect(records.last?.text == "record 399")
        #expect(records.count < 100 && records.count > 10)
        #expect(records.map(\.sequence) == records.map(\.sequence).sorted())
    }

    @Test("All apps together stay within the node's limit; the oldest files go")
    func total() async throws {
        defer { remove() }
        var limits = LogLimits()
        limits.maxFileBytes = 1_000
        limits.maxTotalBytes = 10_000
        let logs = store(limits)
        for round in 0..<12 {
            for app in 0..<5 {
                for _ in 0..<8 { logs.add(line("round \(round)"), to: "0a1b/app-\(app)") }
            }
            await logs.flush()
        }
        #expect(byteCount() <= 10_000 + 1_000)
        for app in 0..<5 {
            #expect(await logs.records(of: "0a1b/app-\(app)", limit: 1_000).last?.text == "round 11")
        }
    }

    @Test("Memory is bounded, and files have what memory lost")
    func memory() async throws {
        defer { remove() }
        var limits = LogLimits()
        limits.maxRecordsInMemory = 10
        let logs = store(limits)
        for index in 0..<100 { logs.add(line("\(index)"), to: app) }
        #expect(await logs.records(of: app, limit: 1_000).map(\.text) == (0..<100).map(String.init))
    }

    @Test("A tail gets what comes, at once, and nothing when nothing comes")
    func tail() async throws {
        defer { remove() }
        let logs = store()
        logs.add(line("before"), to: app)
        let cursor = try #require(await logs.records(of: app, limit: 1).last?.sequence)
        let start = ContinuousClock.now
        #expect(await logs.records(of: app, after: cursor, limit: 10, wait: .milliseconds(50)).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(50))
        async let next = logs.records(of: app, after: cursor, limit: 10, wait: .seconds(20))
        try await Task.sleep(for: .milliseconds(50))
        logs.add(line("other"), to: "0a1b/other")
        logs.add(line("after"), to: app)
        #expect(await next.map(\.text) == ["after"])
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("A tail of an app that was never heard of, and one that is cancelled")
    func tailOfNothing() async throws {
        defer { remove() }
        let logs = store()
        let app = app
        let first = Task { await logs.records(of: app, after: 0, limit: 10, wait: .seconds(20)) }
        let second = Task { await logs.records(of: app, after: 0, limit: 10, wait: .seconds(60)) }
        try await Task.sleep(for: .milliseconds(50))
        second.cancel()
        #expect(await second.value.isEmpty)
        let writer = Task { await logs.run() }
        logs.add(line("first"), to: app)
        #expect(await first.value.map(\.text) == ["first"])
        writer.cancel()
        await writer.value
    }

    @Test(
        "Names that could lead out of the folder are refused",
        arguments: ["..", "../x", "a/../b", "a", "a/b/c", "a/", "a/.b"])
    func names(_ app: String) async {
        defer { remove() }
        let logs = store()
        logs.add(line("x"), to: app)
        await logs.flush()
        #expect(await logs.records(of: app, limit: 10).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
