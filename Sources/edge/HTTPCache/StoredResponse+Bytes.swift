extension StoredResponse {
    /// Whether its bytes can be told from those of other representations.
    public var hasStrongTag: Bool { tag.map { !$0.isWeak } ?? false }

    /// The bytes that another response has of the representation that this one is of, half-open; nil if it may be of
    /// another one. Both must have the same strong tag, and the same length where they say one (RFC 9110 sections 8.8.3.2
    /// and 15.3.7.3). So a body whose source fails goes on from another one.
    ///
    /// - Parameter head: 200, or 206 with one range.
    public func bytes(in head: ResponseHead) -> Range<Int64>? {
        guard status == 200, let tag, let other = head.fields.first("etag").flatMap(EntityTag.init),
            tag.matchesStrongly(other)
        else { return nil }
        var found = head.part
        if head.status == 200 {
            let length = CachePolicy.contentLength(head.fields)
            found = (0..<(length ?? body.totalBytes ?? Int64.max), length)
        }
        if let total = body.totalBytes, let length = found?.total, total != length { return nil }
        return found?.range
    }

    /// Whether both are records of the same bytes, by their strong tags and lengths, and name them alike.
    public func sharesBytes(with other: StoredResponse) -> Bool {
        guard let tag, let otherTag = other.tag, tag.matchesStrongly(otherTag) else { return false }
        return status == other.status && body.reference == other.body.reference
            && body.totalBytes == other.body.totalBytes
    }

    /// The record with the bytes that another one holds as well, if both are of the same: parts that came at the same time.
    public func holding(bytesOf other: StoredResponse) -> StoredResponse {
        guard sharesBytes(with: other) else { return self }
        var result = self
        for range in other.body.held.ranges { result.body.held.insert(range) }
        return result
    }
}
