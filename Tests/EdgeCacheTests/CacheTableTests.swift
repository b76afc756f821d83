import HTTPCache
import NIOCore
import Testing

@testable import EdgeCache

@Suite("Stored answers in memory")
struct CacheTableTests {
    private struct Weak {
        weak var entry: HotEntry?
    }

    private static let bodyBytes = 64 << 10
    private static let maxBytes = 1 << 20
    private static let body = ByteBuffer(repeating: 7, count: bodyBytes)

    private func entry(_ path: String) throws -> HotEntry {
        let record = StoredResponse(
            key: try CacheKey(url: "http://shop.test\(path)"), status: 200, fields: ["cache-control": "max-age=9"],
            requestTime: 0, responseTime: 0)
        return HotEntry(
            CacheCounters.Tally("a"), record: record, body: Self.body, policy: CachePolicy(), now: 0)
    }

    private func quickKey(_ path: String) -> CacheTable.QuickKey {
        CacheTable.QuickKey(app: "a", release: "r", isSecure: false, authority: "shop.test", path: path, query: nil)
    }

    @Test("What was replaced or made way leaves the memory, also where requests were answered by it")
    func released() throws {
        var table = CacheTable(maxBytes: Self.maxBytes, maxEntries: 10_000)
        var all: [Weak] = []
        for number in 0..<2_000 {
            let entry = try entry(number.isMultiple(of: 2) ? "/same" : "/\(number)")
            table.insert(entry)
            table.setQuick(quickKey("/\(number)"), entry)
            all.append(Weak(entry: entry))
        }
        let heldBytes = all.compactMap(\.entry).reduce(0) { $0 + $1.cost }
        #expect(heldBytes >= Self.maxBytes / 2 && heldBytes <= Self.maxBytes + Self.maxBytes / 4)
        #expect(table.byteCount <= Self.maxBytes)
    }

    @Test("A purge of everything lets go of everything")
    func purged() throws {
        var table = CacheTable(maxBytes: Self.maxBytes, maxEntries: 100)
        var all: [Weak] = []
        for number in 0..<10 {
            let entry = try entry("/\(number)")
            table.insert(entry)
            table.setQuick(quickKey("/\(number)"), entry)
            all.append(Weak(entry: entry))
        }
        let count = table.remove { _ in true }.count
        #expect(count == 10)
        #expect(all.allSatisfy { $0.entry == nil } && table.byteCount == 0)
        #expect(table.quick(quickKey("/1")) == nil)
    }

    @Test("The same entry answers requests that are written in a few ways, not in any number of them")
    func quick() throws {
        var table = CacheTable(maxBytes: Self.maxBytes, maxEntries: 100)
        let entry = try entry("/a")
        table.insert(entry)
        for number in 0..<20 { table.setQuick(quickKey("/\(number)"), entry) }
        #expect((0..<20).count { table.quick(quickKey("/\($0)")) != nil } == 8)
    }
}
