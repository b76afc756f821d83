extension CachePolicy {
    /// A 304 to the cache's own condition (RFC 9111 sections 4.3.3 and 4.3.4).
    func notModified(_ arrival: Arrival, stored: StoredResponse, candidates: [StoredResponse]) -> StoreDecision {
        let others = candidates.filter { $0.key == stored.key && $0.variantText != stored.variantText }
        let fields = arrival.head.fields
        var selected: [StoredResponse]
        if let tag = fields.first("etag").flatMap(EntityTag.init) {
            if tag.isWeak {
                selected = stored.tag?.matchesWeakly(tag) == true ? [stored] : []
            } else {
                selected = ([stored] + others).filter { $0.tag?.matchesStrongly(tag) == true }
            }
        } else if let value = fields.first("last-modified"), stored.lastModified != nil {
            let date = CacheDate.seconds(value, now: arrival.responseTime)
            selected = date == stored.lastModified ? [stored] : []
        } else {
            // Only one record was asked about, so that the answer can be about no other.
            selected = [stored]
        }
        guard selected.first?.variantText == stored.variantText else { return .retry }
        selected = selected.enumerated().map { index, record in
            updated(record, by: arrival, isRequested: index == 0)
        }
        return .update(selected)
    }

    /// A 304 to a request for a missing variant: it is the same as another, whose bytes answer it too (RFC 9111 sections 4.1
    /// and 4.3.4).
    func sameAsVariant(_ arrival: Arrival, candidates: [StoredResponse]) -> StoreDecision {
        let tag = arrival.head.fields.first("etag").flatMap(EntityTag.init)
        let key = try? key(for: arrival.request)
        let same = candidates.filter { other in
            guard let tag, other.key == key, other.status == 200, other.body.isWhole else { return false }
            return other.tag?.matchesStrongly(tag) == true
        }
        guard let other = CachePolicy.mostRecent(same) else { return .retry }
        var record = updated(other, by: arrival)
        if !arrival.head.fields.contains("vary") {
            record.vary = other.vary.map {
                VaryField(name: $0.name, value: VaryField.normalised($0.name, in: arrival.request.fields))
            }
        }
        return .update([record])
    }

    /// The response to HEAD (RFC 9111 section 4.3.5).
    func headResponse(_ arrival: Arrival, stored: StoredResponse?) -> StoreDecision {
        guard arrival.head.status == 200, var stored, stored.status == 200,
            !RequestDirectives(arrival.request.fields).noStore
        else { return .pass(.method) }
        let fields = arrival.head.fields
        let hasSame = ["etag", "last-modified"].allSatisfy { name in
            fields.first(name).map { $0 == stored.fields.first(name) } ?? true
        }
        let length = CachePolicy.contentLength(fields)
        if hasSame, length == nil || length == stored.body.totalBytes {
            return .update([updated(stored, by: arrival)])
        }
        stored.invalidatedAt = min(stored.invalidatedAt ?? arrival.responseTime, arrival.responseTime)
        return .outdated(stored)
    }

    /// A stored response with the fields and times of a newer one about the same bytes (RFC 9111 section 3.2).
    ///
    /// - Parameter isRequested: Whether the arrival's request selects this record, so that its fields can be selected by
    ///   anew.
    func updated(_ stored: StoredResponse, by arrival: Arrival, isRequested: Bool = true) -> StoredResponse {
        let new = arrival.head.fields
        var skipped = CachePolicy.unstored(new).union(FieldRules.ofBytes)
        if stored.fields.contains("etag") { skipped.insert("etag") }
        var result = stored
        // The age and date of the older response say nothing about the newer one.
        result.fields.remove(["age", "date"])
        for name in Set(new.lines.map(\.name)).subtracting(skipped) { result.fields.remove(name) }
        for line in new.lines where !skipped.contains(line.name) { result.fields.add(line.name, line.value) }
        result.fields.remove(CachePolicy.unstored(result.fields))
        if !allowsSetCookie(result.fields) { result.fields.remove("set-cookie") }
        result.requestTime = arrival.requestTime
        result.responseTime = arrival.responseTime
        result.invalidatedAt = nil
        result.isInvalid = false
        if isRequested, new.contains("vary"),
            let vary = VaryField.all(of: new, request: arrival.request.fields), vary.count <= StoredResponse.maximumVary
        {
            result.vary = vary
        }
        if let keys = SurrogateKeys.all(of: result.fields) { result.surrogateKeys = keys }
        result = result.dated()
        // What has become too long to keep is still right for as long as it was.
        return result.fields.byteCount <= StoredResponse.maximumFieldBytes
            && result.fields.lines.count <= StoredResponse.maximumLines ? result : stored
    }
}

extension StoredResponse {
    /// With a `Date`, which a recipient adds if the origin has no clock (RFC 9110 section 6.6.1).
    func dated() -> StoredResponse {
        let date = fields.first("date").flatMap { CacheDate.seconds($0, now: responseTime) }
        guard date == nil || fields.all("date").count > 1 else { return self }
        var result = self
        result.fields.set("date", CacheDate.text(seconds: date ?? responseTime / 1_000))
        return result
    }
}
