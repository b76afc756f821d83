import BlobStore
import HTTPCache
import Identity
import Logging
import NIOCore
import Origins
import Streams

extension CacheCall {
    /// The plan with its range made one of whole parts, so that what comes can be stored and shared. A request for all of a
    /// body of which a part is here asks for all of it: its bytes arrive in order then.
    func aligned(_ plan: ForwardPlan) -> ForwardPlan {
        guard request.method == "GET", !plan.isValidation else { return plan }
        var plan = plan
        let wantsAll =
            !request.fields.contains("range")
            || plan.stored.map { !CachePolicy.rangeApplies(to: $0, request.fields) } ?? false
        if wantsAll {
            guard !plan.missing.isEmpty else { return plan }
            plan.fields.remove(["range", "if-range"])
            plan.stored = nil
            plan.missing = []
            plan.mayCollapse = CachePolicy.mayShare(request)
            return plan
        }
        guard let range = singleRange else {
            // What several ranges or conditions ask for, only the origin answers.
            guard !plan.missing.isEmpty else { return plan }
            plan.fields = policy.forwardFields(request)
            plan.missing = []
            return plan
        }
        let missing = plan.missing.first.map { OriginRange.bytes(first: $0.lowerBound, last: $0.upperBound - 1) }
        guard let parts = BodyPart.around(missing ?? range) else { return plan }
        plan.fields.set("range", parts.description)
        plan.mayCollapse = CachePolicy.mayShare(request)
        return plan
    }
}

extension EdgeCache {
    /// Sends and stores a part of a body.
    func keepPart(
        _ record: StoredResponse, _ part: Range<Int64>, _ received: Received, _ flight: Flight, _ call: CacheCall
    ) async {
        let isAligned =
            part.lowerBound % Int64(BodyPart.byteCount) == 0
            && (part.upperBound % Int64(BodyPart.byteCount) == 0 || part.upperBound == record.body.totalBytes)
        // The ingest is what slow readers read from; the parts become blobs of their own.
        guard isAligned, let total = record.body.totalBytes, call.singleRange != nil,
            total <= Int64(call.plan.maxObjectBytes), received.length ?? Int64(part.count) == Int64(part.count),
            let ingest = try? store.ingest(expecting: nil, sizeHint: part.count)
        else { return passOn(received, nil, flight) }
        let spool = Spool(ingest: ingest)
        flight.resolve(
            .arriving(
                Flight.Arrival(
                    record: record, head: received.head, spool: spool, part: part, length: Int(total),
                    provenance: received.provenance)))
        defer { ingest.cancel() }
        do {
            var body = IncomingBody(received, of: record, part.lowerBound..<part.upperBound, for: call, in: self)
            let parts = try await takeParts(&body, into: spool, record, part)
            spool.finish(.success(()))
            guard let parts else { return }
            var whole = record
            whole.body.reference = BodyPart.reference
            await install(whole, call, mark: flight.mark, after: flight, parts: parts)
        } catch {
            spool.finish(.failure(error))
        }
    }

    /// Brings a part of a body into the spool, and into the store as parts.
    ///
    /// - Returns: Nil if the disk took not all of them.
    private func takeParts(
        _ body: inout IncomingBody, into spool: Spool, _ record: StoredResponse, _ range: Range<Int64>
    ) async throws -> [BodyPart]? {
        var parts: [BodyPart]? = []
        var waiting = ByteBuffer()
        var start = Int(range.lowerBound)
        while let bytes = try await body.next() {
            if let error = await spool.write(bytes) {
                noteFull(record, error)
                parts = nil
            }
            if parts == nil {
                do { try await spool.waitForReaders() } catch {
                    body.stop()
                    throw error
                }
                continue
            }
            waiting.writeImmutableBuffer(bytes)
            let end = start + waiting.readableBytes
            let least = end == Int(range.upperBound) ? 1 : BodyPart.byteCount
            while waiting.readableBytes >= least, parts != nil {
                let count = min(BodyPart.byteCount, waiting.readableBytes)
                guard let part = waiting.readSlice(length: count) else { break }
                do {
                    parts?.append(BodyPart(start: start, byteCount: count, blob: try await store.put(part)))
                } catch {
                    noteFull(record, error)
                    parts = nil
                }
                start += count
            }
            waiting.discardReadBytes()
        }
        return parts
    }
}
