import Blake3
import BlobStore
import Gateway
import HTTPCache
import Identity
import Logging
import NIOCore
import Origins
import Streams
import Synchronization

extension EdgeCache {
    /// An answer from wherever it comes.
    struct Received: Sendable {
        let head: ResponseHead
        let body: ByteStream
        let length: Int64?
        let requestTime: Int64
        let responseTime: Int64
        let provenance: Flight.Provenance
        /// The body as a blob that another node stores whole.
        var blob: (id: BlobID, byteCount: Int)?
    }

    /// Gets an answer, decides what is stored, and stores it. When this returns, the body is stored or will not be.
    func fly(
        _ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall, _ key: CacheKey, _ candidates: [StoredResponse]
    ) async {
        do {
            var received = try await receive(plan.fields, call, key)
            var decision = decide(received, plan, call, candidates)
            if case .retry = decision {
                received.body.stop()
                let again = call.policy.unconditional(plan)
                received = try await receive(again.fields, call, key)
                decision = decide(received, again, call, candidates)
            }
            let failure = ErrorDecision.Failure.status(received.head.status)
            if StatusGroup.isServerError(received.head.status),
                case .serve(let serving) = call.policy.onError(failure, for: call.request, plan: plan, now: now())
            {
                received.body.stop()
                return flight.resolve(.failing(serving))
            }
            await carryOut(decision, received, flight, call)
            if let old = call.policy.superseded(by: received.head, decision: decision, plan: plan) {
                await forget(old, call.plan.app)
            }
        } catch {
            flight.resolve(.failed(error))
        }
    }

    private func decide(
        _ received: Received, _ plan: ForwardPlan, _ call: CacheCall, _ candidates: [StoredResponse]
    ) -> StoreDecision {
        call.policy.receive(
            received.head, for: call.request, plan: plan, candidates: candidates,
            requestTime: received.requestTime, responseTime: received.responseTime)
    }

    /// Asks for something: the node that asks for all, else the origin.
    ///
    /// - Parameter failed: Nodes that are not asked.
    func receive(
        _ fields: CacheFields, _ call: CacheCall, _ key: CacheKey, avoiding failed: Set<NodeID> = []
    ) async throws -> Received {
        if call.plan.usesShield, !call.isFromPeer, call.isRead,
            let received = try await askShield(fields, call, key, avoiding: failed)
        {
            return received
        }
        let requestTime = now()
        counters.fetch(call.plan.app)
        let response = try await origins.fetch(call.outgoing(fields), from: try await call.plan.origin())
        var kept = CacheFields(response.fields.pairs)
        call.plan.rewrite?(&kept)
        return Received(
            head: ResponseHead(status: response.status, fields: kept), body: response.body, length: response.length,
            requestTime: requestTime, responseTime: now(), provenance: .origin)
    }

    private func carryOut(
        _ decision: StoreDecision, _ received: Received, _ flight: Flight, _ call: CacheCall
    ) async {
        switch decision {
        case .store(let record): await keep(record, received, flight, call)
        case .update(let records):
            received.body.stop()
            for record in records { await install(record, call, mark: flight.mark) }
            if let first = records.first {
                flight.resolve(.stored(first, wasValidated: true))
            } else {
                passOn(received, nil, flight)
            }
        case .outdated(let record):
            await install(record, call, mark: flight.mark)
            passOn(received, nil, flight)
        case .combine(let record, let part): await keepPart(record, part, received, flight, call)
        case .retry: passOn(received, nil, flight)
        case .pass(let reason):
            if let key = call.key, reason != .status, reason != .method, !call.request.fields.contains("range") {
                noteUnstorable(key, call)
            }
            passOn(received, reason, flight)
        }
    }

    func passOn(_ received: Received, _ reason: StoreDecision.PassReason?, _ flight: Flight) {
        var head = received.head
        // What another node stores is as old as it is (RFC 9111 section 5.1).
        let age = (now() - received.responseTime) / 1_000
        if case .peer = received.provenance, age > 0, !head.fields.contains("age") {
            head.fields.set("age", String(age))
        }
        flight.resolve(
            .passed(
                Flight.Pass(
                    head: head, body: received.body, length: received.length.map { Int($0) }, reason: reason,
                    provenance: received.provenance)))
    }

    /// Requests for a key whose answers nobody may share do not wait for each other.
    private func noteUnstorable(_ key: CacheKey, _ call: CacheCall) {
        let end = now() + settings.hitForMissMilliseconds
        state.withLock { state in
            if state.unstorable.count >= EdgeCache.maxUnstorable { state.unstorable.removeAll() }
            state.unstorable[CacheTable.Key(app: call.plan.app, text: key.text)] = end
        }
    }

    private static let maxUnstorable = 16_384

    // MARK: Storing

    private func keep(_ record: StoredResponse, _ received: Received, _ flight: Flight, _ call: CacheCall) async {
        if let blob = received.blob {
            received.body.stop()
            guard
                let whole = record.receiving(
                    blob.id.description, receivedBytes: Int64(blob.byteCount), endedProperly: true)
            else { return passOn(received, .size, flight) }
            await install(whole, call, mark: flight.mark)
            return flight.resolve(.stored(whole, wasValidated: false))
        }
        if let part = record.body.held.ranges.first { return await keepPart(record, part, received, flight, call) }
        guard received.length ?? 0 <= Int64(call.plan.maxObjectBytes) else {
            return passOn(received, .size, flight)
        }
        let ingest: BlobIngest
        do { ingest = try store.ingest(expecting: nil, sizeHint: received.length.map { Int($0) }) } catch {
            noteFull(record, error)
            return passOn(received, .size, flight)
        }
        let spool = Spool(ingest: ingest)
        flight.resolve(
            .arriving(
                Flight.Arrival(
                    record: record, head: received.head, spool: spool, length: received.length.map { Int($0) },
                    provenance: received.provenance)))
        await take(IncomingBody(received, of: record, for: call, in: self), into: spool, ingest, record, flight, call)
    }

    /// Brings a body into the spool to its end, then into the store.
    private func take(
        _ incoming: IncomingBody, into spool: Spool, _ ingest: BlobIngest, _ record: StoredResponse, _ flight: Flight,
        _ call: CacheCall
    ) async {
        var incoming = incoming
        var isStored = true
        var short = ByteBuffer()
        var count: Int64 = 0
        do {
            while let bytes = try await incoming.next() {
                count += Int64(bytes.readableBytes)
                guard count <= Int64(call.plan.maxObjectBytes) else {
                    throw EdgeCacheError("The content is longer than the release wants")
                }
                if count <= Int64(settings.memoryBodyBytes) { short.writeImmutableBuffer(bytes) }
                if let error = await spool.write(bytes) { isStored = noteFull(record, error) }
                if !isStored { try await spool.waitForReaders() }
            }
        } catch {
            incoming.stop()
            spool.finish(.failure(error))
            ingest.cancel()
            return
        }
        // Readers get the end now; that the disk has it all is for later readers.
        spool.finish(.success(()))
        guard isStored else { return }
        do {
            let (id, byteCount) = try await ingest.finish()
            guard
                let whole = record.receiving(
                    id.description, receivedBytes: Int64(byteCount), endedProperly: true)
            else { return }
            let body = byteCount <= settings.memoryBodyBytes ? short : nil
            await install(whole, call, mark: flight.mark, body: body, after: flight)
        } catch {
            noteFull(record, error)
        }
    }

    /// The disk takes no more of an answer, which goes on without being stored; always false.
    @discardableResult
    func noteFull(_ record: StoredResponse, _ error: any Error) -> Bool {
        counters.full()
        logger.warning(
            "The rest of an answer is passed on without being stored",
            metadata: ["url": "\(record.key.url)", "error": "\(error)"])
        return false
    }

    /// Makes a record the one that answers, unless a purge came meanwhile.
    func install(
        _ record: StoredResponse, _ call: CacheCall, mark: Int, body: ByteBuffer? = nil, after flight: Flight? = nil,
        parts: [BodyPart]? = nil
    ) async {
        var record = record
        let app = call.plan.app
        func row() -> CacheIndex.Row {
            CacheIndex.Row(
                app: app, record: record, byteCount: Int(record.body.held.byteCount) + record.fields.byteCount)
        }
        if let parts {
            let arrived = record
            let effect = state.withLock { $0.table.recent.effect(on: arrived, of: app, since: mark) }
            if effect == .gone { return }
            // Readers find the parts in the index: they must be there before the record answers.
            do {
                let (stored, surplus) = try await index.store(row(), parts: parts)
                record = stored
                drop(surplus)
            } catch { return }
        }
        let bytes: ByteBuffer?
        if let body { bytes = body } else { bytes = await shortBody(of: record) }
        let now = now()
        let place = CacheTable.Key(app: app, text: record.key.text)
        let (isIn, evicted) = state.withLock { state -> (Bool, [Digest]) in
            switch state.table.recent.effect(on: record, of: app, since: mark) {
            case .gone: return (false, [])
            case .stale: record.invalidatedAt = now
            case .none: break
            }
            if record.body.reference == BodyPart.reference, let other = state.table.variant(like: record, of: app) {
                record = record.holding(bytesOf: other.record)
            }
            let entry = HotEntry(counters.tally(app), record: record, body: bytes, policy: call.policy, now: now)
            state.unstorable[place] = nil
            // From here on the record answers, and not the flight that brought it.
            if let flight { state.end(flight) }
            let admission = state.eviction.insert(entry.name, bytes: record.body.held.byteCount)
            if admission.isAdmitted { state.table.insert(entry) }
            return (admission.isAdmitted, admission.evicted.filter { $0 != entry.name })
        }
        await evict(evicted)
        guard isIn else {
            if parts != nil { await forget(record, app) }
            return
        }
        do {
            if parts == nil { drop(try await index.store(row()).surplus) }
            counters.stored(app)
            // A purge that came while the row was written found no row.
            let kept = record
            let effect = state.withLock { $0.table.recent.effect(on: kept, of: app, since: mark) }
            switch effect {
            case .none: break
            case .stale: try await index.markStale(record.key, of: app, now: now)
            case .gone: await forget(record, app)
            }
        } catch {
            logger.warning("The cache's index cannot be written", metadata: ["error": "\(error)"])
        }
    }
}

/// Groups of statuses.
enum StatusGroup {
    static func isServerError(_ status: Int) -> Bool { (500...599).contains(status) }
}
