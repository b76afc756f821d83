import BlobStore
import HTTPCache
import Identity
import Logging
import NIOCore
import Origins
import Streams

extension CacheCall {
    /// The plan with its range made one of whole parts, so that what comes can be stored. A request for all of a body of
    /// which a part is here asks for all of it: its bytes arrive in order then.
    func aligned(_ plan: ForwardPlan) -> ForwardPlan {
        guard request.method == "GET", !plan.isValidation else { return plan }
        var plan = plan
        if !request.fields.contains("range") {
            guard !plan.missing.isEmpty else { return plan }
            plan.fields.remove(["range", "if-range"])
            plan.stored = nil
            plan.missing = []
            return plan
        }
        guard case .bytes(let first, let last)? = singleRange, last - first < Int64.max / 4 else { return plan }
        let wanted = BodyPart.around(plan.missing.first ?? first..<last + 1)
        plan.fields.set("range", "bytes=\(wanted.lowerBound)-\(wanted.upperBound - 1)")
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
                    record: record, head: received.head, spool: spool, start: Int(part.lowerBound), length: Int(total),
                    provenance: received.provenance)))
        defer { ingest.cancel() }
        do {
            let parts = try await takeParts(received.body, into: spool, part)
            spool.finish(.success(()))
            var whole = record
            whole.body.reference = BodyPart.reference
            await install(whole, call, mark: flight.mark, parts: parts)
        } catch {
            received.body.stop()
            spool.finish(.failure(error))
        }
    }

    private func takeParts(_ stream: ByteStream, into spool: Spool, _ range: Range<Int64>) async throws -> [BodyPart] {
        var parts: [BodyPart] = []
        var waiting = ByteBuffer()
        var start = Int(range.lowerBound)
        func store(_ bytes: ByteBuffer) async throws {
            parts.append(BodyPart(start: start, byteCount: bytes.readableBytes, blob: try await self.store.put(bytes)))
            start += bytes.readableBytes
        }
        while let bytes = try await stream.next() {
            guard start + waiting.readableBytes + bytes.readableBytes <= Int(range.upperBound) else {
                throw EdgeCacheError("More came than was declared")
            }
            if let error = await spool.write(bytes) { throw error }
            waiting.writeImmutableBuffer(bytes)
            while waiting.readableBytes >= BodyPart.byteCount, let part = waiting.readSlice(length: BodyPart.byteCount)
            {
                try await store(part)
            }
            waiting.discardReadBytes()
        }
        if waiting.readableBytes > 0 { try await store(waiting) }
        guard start == Int(range.upperBound) else { throw EdgeCacheError("Less came than was declared") }
        return parts
    }
}
