import Blake3
import Gateway
import HTTPCache
import NIOCore
import Synchronization

/// A stored answer in memory, ready to be sent.
final class HotEntry: Sendable {
    private struct Line {
        var second: Int64 = -1
        var fields: PreparedFields?
    }

    /// Where its app is counted.
    let tally: CacheCounters.Tally
    let record: StoredResponse
    /// Names the variant among all that are stored.
    let name: Digest
    /// All of the body, if it is short.
    let body: ByteBuffer?
    /// Milliseconds since 1970 at which it stops being fresh.
    let freshUntil: Int64
    let policy: CachePolicy
    private let line = Mutex(Line())
    private let gone = Atomic(false)
    private let used = Atomic(false)
    /// How often it answered.
    private let hitCount = Atomic(0)

    var app: String { tally.app }

    init(
        _ tally: CacheCounters.Tally, record: StoredResponse, body: ByteBuffer?, policy: CachePolicy, now: Int64
    ) {
        self.tally = tally
        self.record = record
        name = HotEntry.name(tally.app, record)
        self.body = body
        self.policy = policy
        freshUntil = policy.freshUntil(record, now: now)
    }

    static func name(_ app: String, _ record: StoredResponse) -> Digest {
        Blake3.hash(Array("\(app)\n\(record.key.text)\n\(record.variantText)".utf8))
    }

    /// Whether it was replaced or purged; then nobody uses it any more.
    var isGone: Bool { gone.load(ordering: .acquiring) }

    func retire() { gone.store(true, ordering: .releasing) }

    /// Bytes of memory.
    var cost: Int { (body?.readableBytes ?? 0) + record.fields.byteCount + 1_024 }

    var hits: Int { hitCount.load(ordering: .relaxed) }

    /// - Returns: Whether it is time to tell the eviction.
    @discardableResult
    func noteUse() -> Bool {
        let count = hitCount.wrappingAdd(1, ordering: .relaxed).newValue
        if !used.load(ordering: .relaxed) { used.store(true, ordering: .relaxed) }
        return count & (HotEntry.usesTold - 1) == 1
    }

    /// Of so many uses, a power of two, the eviction hears of one: it counts to three.
    private static let usesTold = 16

    /// Whether it was used since the last call.
    func takeUse() -> Bool { used.exchange(false, ordering: .relaxed) }

    /// The fields of a whole answer at this second; made once a second.
    func prepared(_ now: Int64) -> PreparedFields {
        let second = now / 1_000
        if let fields = line.withLock({ $0.second == second ? $0.fields : nil }) { return fields }
        let request = CacheRequest(scheme: record.key.scheme, authority: record.key.authority, path: record.key.path)
        let plan = policy.answer(request, from: record, wasValidated: false, now: now)
        let head =
            plan.map { policy.head(of: $0, now: now) } ?? ResponseHead(status: record.status, fields: record.fields)
        let fields = PreparedFields(head.fields.pairs.filter { $0.name != "content-length" })
        line.withLock { $0 = Line(second: second, fields: fields) }
        return fields
    }
}
