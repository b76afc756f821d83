import Blake3
import BlobStore
import CoreMetrics
import Identity
import NIOCore
import Peering
import Synchronization
import Wire

/// Asking for blocks and taking them.
extension BlobFetch {
    /// What the plan said to do, with the connection to do it on.
    private enum Order {
        case ask(Source, Int, PeerConnection)
        case cancel(Int, PeerConnection)
        case drop(Source)
        case tick
        case search
    }

    /// Changes the state and carries out what follows from it. Ends at once when the fetch is over.
    @discardableResult
    func update<Value>(_ change: (inout State) -> Value) -> Value {
        let now = environment.now
        let (value, orders) = state.withLock { state -> (Value, [Order]) in
            let value = change(&state)
            return (value, state.isOver ? [] : nextOrders(&state, at: now))
        }
        for order in orders { carryOut(order) }
        return value
    }

    private func nextOrders(_ state: inout State, at now: Duration) -> [Order] {
        var orders: [Order] = []
        while let action = state.plan.next(at: now) {
            switch action {
            case .ask(let source, let block):
                if let link = state.links[source] { orders.append(.ask(source, block, link.connection)) }
            case .cancel(let source, let block):
                if let link = state.links[source] { orders.append(.cancel(block, link.connection)) }
            case .drop(let source): orders.append(.drop(source))
            }
        }
        let isStuck = state.plan.isStuck
        if isStuck, state.search.begin(isStuck: true, at: now) { orders.append(.search) }
        // Whoever waited has left: the next one's patience begins anew.
        if !isStuck, state.search.isLacking, state.plan.isAtRest { state.search.onRelief() }
        if !state.isTicking, isStuck || state.plan.needsTick {
            state.isTicking = true
            orders.append(.tick)
        }
        return orders
    }

    private func carryOut(_ order: Order) {
        switch order {
        case .ask(let source, let block, let connection): request(block, source, connection)
        case .cancel(let block, let connection): connection.cancel(RequestLabel(owner: owner, item: block))
        case .drop(let source): noteLoss(of: source.node, reason: "delivers less than a provider must")
        case .tick: scheduleTick()
        case .search: search()
        }
    }

    private func request(_ index: Int, _ source: Source, _ connection: PeerConnection) {
        let label = RequestLabel(owner: owner, item: index)
        environment.readBlock(
            id, index, byteCount: byteCount, over: connection, timeout: environment.settings.blockTimeout, label: label
        ).whenComplete { self.receive(index, $0, source, connection) }
    }

    /// Runs on the loop that read the block: hashing it here costs less than a hop.
    private func receive(
        _ index: Int, _ answer: Result<DeliveredBlock, any Error>, _ source: Source, _ connection: PeerConnection
    ) {
        switch answer {
        case .success(let block) where block.isBlock:
            let value = block.frame.body.blockValue(index, of: byteCount)
            if value == blockValues[index] {
                block.accept()
                take(index, block.frame.body, source, connection)
            } else {
                ban(source, index, received: value, reason: "sent bytes that are not block \(index)")
            }
        case .success(let block):
            ban(source, index, received: nil, reason: "answered a block request with \(block.frame.type)")
        case .failure(let error as PeerError) where error.code == .busy:
            let now = environment.now
            update { $0.plan.onBusy(index, from: source, at: now) }
        case .failure(let error as PeerError) where error.code == .cancelled: break
        case .failure(let error as PeerError) where error.code == BlobServing.incomplete:
            update { $0.plan.onAbsent(index, from: source) }
        case .failure(let error): drop(source, reason: "\(error)")
        }
    }

    /// Takes a block that was verified.
    func take(_ index: Int, _ bytes: ByteBuffer, _ source: Source, _ connection: PeerConnection) {
        let now = environment.now
        let count = bytes.readableBytes
        let (isNew, pace, waiters, isFollowed) = update { state in
            let isNew = state.plan.onReceived(index, byteCount: count, from: source, at: now)
            state.search.onRelief()
            let waiters = isNew ? state.waiters.removeValue(forKey: index) ?? [] : []
            if isNew, case .memory = storage {
                state.plan.onStored(index)
                if waiters.isEmpty { state.window.insert(index, bytes) }
            }
            return (isNew, state.plan.pace(of: source), waiters, state.plan.isFollowed)
        }
        environment.accounts.update(source.node) { account in
            if isNew {
                account.bytesReceived += count
                account.blocksReceived += 1
            } else {
                account.duplicateBytes += count
            }
            account.rate = pace?.rate ?? account.rate
            account.latencyP50 = pace?.p50 ?? account.latencyP50
            account.latencyP95 = pace?.p95 ?? account.latencyP95
        }
        guard isNew else { return environment.metrics.duplicateBytes.increment(by: Int64(count)) }
        environment.metrics.fetchedBytes.increment(by: Int64(count))
        for waiter in waiters { waiter.succeed(bytes) }
        guard case .assembly(let assembly) = storage else { return }
        assembly.write(block: index, bytes, isReadSoon: isFollowed, on: connection.eventLoop).whenComplete { result in
            switch result {
            case .success: self.stored(index, bytes)
            case .failure(let error): self.end(.failure(error))
            }
        }
    }

    private func stored(_ index: Int, _ bytes: ByteBuffer) {
        let waiters = update { state in
            state.plan.onStored(index)
            return state.waiters.removeValue(forKey: index) ?? []
        }
        for waiter in waiters { waiter.succeed(bytes) }
        finishIfComplete()
    }

    /// Makes the blob durable once every block is written.
    func finishIfComplete() {
        let isComplete = state.withLock { state in
            guard case .assembly = storage, state.plan.isComplete, !state.isOver else { return false }
            state.isFinishing = true
            return true
        }
        if isComplete { finish() }
    }

    private func ban(_ source: Source, _ index: Int, received: Digest?, reason: String) {
        let offence = ProviderReport.Offence.block(index: index, expected: blockValues[index], received: received)
        environment.report(ProviderReport(provider: source.node, blob: id, offence: offence), reason: reason)
        let now = environment.now
        update { $0.plan.onFailure(of: source, .corrupt, at: now) }
    }
}

extension ByteBuffer {
    /// The chaining value of the readable bytes as block `index` of a blob of `byteCount` bytes; nil for a wrong length.
    func blockValue(_ index: Int, of byteCount: Int) -> Digest? {
        guard readableBytes == BlockTree.blockLength(index, byteCount: byteCount) else { return nil }
        return withUnsafeReadableBytes { BlockTree.blockValue($0, index: index, byteCount: byteCount) }
    }
}
