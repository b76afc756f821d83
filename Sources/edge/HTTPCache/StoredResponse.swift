/// A response as the cache keeps it (RFC 9111 section 3). `encoded` is its durable form.
public struct StoredResponse: Sendable, Equatable {
    /// The primary key.
    public var key: CacheKey
    /// What selects this variant, in the order of the names; empty if nothing does.
    public var vary: [VaryField]
    /// 200 for what was put together from partial responses.
    public var status: Int
    /// Without hop-by-hop fields and without those that the origin keeps from shared caches. There is always a `date`.
    public var fields: CacheFields
    /// When the request that this is the answer to, or that validated it last, was sent: milliseconds since 1970.
    public var requestTime: Int64
    /// When the head of that answer was received: milliseconds since 1970.
    public var responseTime: Int64
    /// The bytes.
    public var body: StoredBody
    /// From `Surrogate-Key` and `Cache-Tag`, in order, each once.
    public var surrogateKeys: [String]
    /// When it was marked stale by a soft purge or an invalidation, milliseconds since 1970; nil if it was not. A
    /// validation clears it.
    public var invalidatedAt: Int64?
    /// Whether an unsafe method changed what it shows, at `invalidatedAt`: then it answers nothing before it has been
    /// validated, also where a stale response would do (RFC 9111 section 4.4).
    public var isInvalid = false

    /// A record as it was decoded or made by `CachePolicy.receive`.
    public init(
        key: CacheKey, vary: [VaryField] = [], status: Int, fields: CacheFields, requestTime: Int64,
        responseTime: Int64, body: StoredBody = .init(), surrogateKeys: [String] = [], invalidatedAt: Int64? = nil
    ) {
        self.key = key
        self.vary = vary
        self.status = status
        self.fields = fields
        self.requestTime = requestTime
        self.responseTime = responseTime
        self.body = body
        self.surrogateKeys = surrogateKeys
        self.invalidatedAt = invalidatedAt
    }

    /// Names this variant among those of its key: equal exactly if the selecting fields have the same names and values.
    public var variantText: String {
        vary.map { field in
            let value = field.value.map { "=\($0.utf8.count):\($0)" } ?? ""
            return "\(field.name)\(value)"
        }.joined(separator: "\n")
    }

    /// Whether a request selects this variant (RFC 9111 section 4.1).
    public func matches(_ request: CacheFields) -> Bool {
        vary.allSatisfy { VaryField.normalised($0.name, in: request) == $0.value }
    }

    /// The record with its body, once that has been received; nil if what was received may not be kept.
    ///
    /// A body that ended early or has another length than its head said is kept as a part only if the head said the length
    /// and has a strong validator, with which the rest can be asked for (RFC 9111 section 3.3).
    ///
    /// - Parameters:
    ///   - reference: Names the bytes.
    ///   - receivedBytes: Bytes that were received for the range that `body.held` had, or from the start.
    ///   - endedProperly: Whether the message was complete by its framing.
    public func receiving(_ reference: String, receivedBytes: Int64, endedProperly: Bool) -> StoredResponse? {
        guard receivedBytes >= 0, reference.utf8.count <= StoredBody.maximumReferenceBytes else { return nil }
        var result = self
        result.body.reference = reference
        let expected = body.held.ranges.first ?? 0..<(body.totalBytes ?? receivedBytes)
        if endedProperly, Int64(expected.count) == receivedBytes {
            result.body.held = ByteRangeSet(expected)
            if body.held.ranges.isEmpty { result.body.totalBytes = receivedBytes }
            return result
        }
        guard receivedBytes > 0, receivedBytes < expected.count, status == 200, hasStrongTag else { return nil }
        result.body.held = ByteRangeSet(expected.lowerBound..<expected.lowerBound + receivedBytes)
        return result
    }

    var tag: EntityTag? { fields.first("etag").flatMap(EntityTag.init) }

    /// Seconds since 1970; the time of receipt if the field is no date (RFC 9110 section 6.6.1).
    var date: Int64 {
        fields.first("date").flatMap { CacheDate.seconds($0, now: responseTime) } ?? responseTime / 1_000
    }

    /// Seconds since 1970; nil if the field is no date.
    var lastModified: Int64? {
        fields.first("last-modified").flatMap { CacheDate.seconds($0, now: responseTime) }
    }

    /// Whether the origin can be asked if this is still right (RFC 9111 section 4.3.1).
    public var hasValidator: Bool { tag != nil || lastModified != nil }
}

extension StoredResponse {
    /// Most bytes of fields in a record.
    public static let maximumFieldBytes = 131_072
    /// Most field lines in a record.
    public static let maximumLines = 512
    /// Most fields that a variant is selected by.
    public static let maximumVary = 32
}
extension StoredResponse {
    /// The latest moment that a record may name: milliseconds since 1970, in the year 9999.
    public static let maximumTime: Int64 = 253_402_300_799_999
}
