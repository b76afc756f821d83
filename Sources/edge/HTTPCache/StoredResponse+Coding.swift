extension StoredResponse {
    /// The version of the form that `encoded` writes.
    public static let version: UInt8 = 2
    /// Longest encoded record, in bytes.
    public static let maximumEncodedBytes = 1_048_576

    /// The durable form: equal records have equal bytes. Version, key, variant, status, times, body, fields, surrogate keys.
    public var encoded: [UInt8] {
        var writer = CacheWriter()
        writer.byte(StoredResponse.version)
        writer.text(key.scheme)
        writer.text(key.authority)
        writer.text(key.path)
        writer.optional(key.query) { $0.text($1) }
        writer.number(Int64(vary.count))
        for field in vary {
            writer.text(field.name)
            writer.optional(field.value) { $0.text($1) }
        }
        writer.number(Int64(status))
        for time in [requestTime, responseTime] { writer.number(time) }
        writer.byte(invalidatedAt == nil ? 0 : isInvalid ? 2 : 1)
        if let invalidatedAt { writer.number(invalidatedAt) }
        writer.text(body.reference)
        writer.optional(body.totalBytes) { $0.number($1) }
        writer.number(Int64(body.held.ranges.count))
        for range in body.held.ranges {
            writer.number(range.lowerBound)
            writer.number(range.upperBound)
        }
        writer.number(Int64(fields.lines.count))
        for line in fields.lines {
            writer.text(line.name)
            writer.text(line.value)
        }
        writer.number(Int64(surrogateKeys.count))
        for key in surrogateKeys { writer.text(key) }
        return writer.bytes
    }

    /// Reads what `encoded` wrote, and nothing else.
    ///
    /// - Throws: `HTTPCacheError` for another version, beyond a limit, and for bytes that are not the record's own form.
    public init(decoding bytes: [UInt8]) throws {
        guard bytes.count <= StoredResponse.maximumEncodedBytes else {
            throw HTTPCacheError("the record is longer than \(StoredResponse.maximumEncodedBytes) bytes")
        }
        var reader = CacheReader(bytes)
        let version = try reader.byte()
        guard version == StoredResponse.version else { throw HTTPCacheError("the record has the version \(version)") }
        try self.init(&reader)
        // What is read in more than one form would be one record under two names.
        guard reader.isAtEnd, encoded == bytes else { throw HTTPCacheError("the record is not in its own form") }
    }

    private init(_ reader: inout CacheReader) throws {
        let key = try CacheKey(&reader)
        let vary = try reader.list(limit: StoredResponse.maximumVary) { reader in
            VaryField(
                name: try reader.text(limit: StoredResponse.maximumFieldBytes),
                value: try reader.optional { try $0.text(limit: StoredResponse.maximumFieldBytes) })
        }
        let status = Int(try reader.number(limit: 599))
        guard status >= 200 else { throw HTTPCacheError("the record has the status \(status)") }
        func time(_ reader: inout CacheReader) throws -> Int64 { try reader.number(limit: StoredResponse.maximumTime) }
        let (requestTime, responseTime) = (try time(&reader), try time(&reader))
        let doubt = try reader.byte()
        guard doubt <= 2 else { throw HTTPCacheError("the record is neither right, stale nor invalid") }
        let invalidatedAt = doubt == 0 ? nil : try time(&reader)
        var body = StoredBody(
            reference: try reader.text(limit: StoredBody.maximumReferenceBytes),
            totalBytes: try reader.optional { try $0.number(limit: StoredBody.maximumBytes) })
        let ranges = try reader.list(limit: ByteRangeSet.maximumRanges) { reader in
            let lower = try reader.number(limit: StoredBody.maximumBytes)
            let upper = try reader.number(limit: StoredBody.maximumBytes)
            guard lower < upper else { throw HTTPCacheError("the record holds an empty range") }
            return lower..<upper
        }
        guard let held = ByteRangeSet(canonical: ranges), (ranges.last?.upperBound ?? 0) <= body.totalBytes ?? .max
        else {
            throw HTTPCacheError("the record holds ranges out of order or beyond the body")
        }
        body.held = held
        let lines = try reader.list(limit: StoredResponse.maximumLines) { reader in
            (
                name: try reader.text(limit: StoredResponse.maximumFieldBytes),
                value: try reader.text(limit: StoredResponse.maximumFieldBytes)
            )
        }
        let keys = try reader.list(limit: SurrogateKeys.maximumKeys) { reader in
            try reader.text(limit: SurrogateKeys.maximumBytes)
        }
        self.init(
            key: key, vary: vary, status: status, fields: CacheFields(lines), requestTime: requestTime,
            responseTime: responseTime, body: body, surrogateKeys: keys, invalidatedAt: invalidatedAt)
        isInvalid = doubt == 2
    }
}

extension CacheKey {
    fileprivate init(_ reader: inout CacheReader) throws {
        try self.init(
            scheme: try reader.text(limit: 8), authority: try reader.text(limit: CacheKey.maximumBytes),
            path: try reader.text(limit: CacheKey.maximumBytes),
            query: try reader.optional { try $0.text(limit: CacheKey.maximumBytes) })
    }
}
