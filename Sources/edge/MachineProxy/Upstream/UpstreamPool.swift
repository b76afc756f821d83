import Gateway
import NIOCore
import NIOPosix
import Streams

/// The connections of one event loop to machines. Used on that loop only.
final class UpstreamPool {
    private static let repeatable: Set<String> = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]

    let settings: MachineProxy.Settings
    let loop: any EventLoop
    /// The one used last is taken first, so that the others can end.
    private var idle: [MachineTarget: [UpstreamConnection]] = [:]
    private var counts: [MachineTarget: Int] = [:]
    private var connections: [ObjectIdentifier: UpstreamConnection] = [:]
    private var sweeping: Scheduled<Void>?
    private var isClosed = false

    init(settings: MachineProxy.Settings, loop: any EventLoop) {
        self.settings = settings
        self.loop = loop
    }

    // MARK: Requests

    func send(_ request: MachineRequest, to target: MachineTarget, _ promise: EventLoopPromise<MachineAnswer>) {
        guard let kept = takeIdle(target) else { return sendAnew(request, to: target, promise) }
        kept.begin(request) { result in
            if case .failure(let failure) = result, kept.wasStale,
                !failure.mayHaveRun || UpstreamPool.isRepeatable(request)
            {
                // Servers close kept connections just when the next request leaves.
                return self.sendAnew(request, to: target, promise)
            }
            promise.completeWith(result.mapError { $0 })
        }
    }

    /// Whether a request may be sent twice: it means the same, and all of it is still here.
    static func isRepeatable(_ request: MachineRequest) -> Bool {
        guard case .bytes = request.body else { return false }
        return repeatable.contains(request.method)
    }

    private func sendAnew(
        _ request: MachineRequest, to target: MachineTarget, _ promise: EventLoopPromise<MachineAnswer>
    ) {
        open(target) { result in
            switch result {
            case .failure(let failure): promise.fail(failure)
            case .success(let connection):
                connection.begin(request) { promise.completeWith($0.mapError { $0 }) }
            }
        }
    }

    func connect(to target: MachineTarget, _ promise: EventLoopPromise<GatewayTunnel>) {
        open(target) { result in
            switch result {
            case .failure(let failure): promise.fail(failure)
            case .success(let connection): promise.succeed(connection.beginRaw())
            }
        }
    }

    // MARK: Connections

    private func takeIdle(_ target: MachineTarget) -> UpstreamConnection? {
        guard var list = idle[target], let connection = list.popLast() else { return nil }
        idle[target] = list.isEmpty ? nil : list
        return connection
    }

    private func open(
        _ target: MachineTarget, _ done: @escaping (Result<UpstreamConnection, MachineProxyFailure>) -> Void
    ) {
        guard !isClosed, counts[target, default: 0] < settings.maxConnections else {
            let error = GatewayError(
                .machineOverloaded, "A machine has as many connections as it gets; add replicas", origin: .node)
            return done(.failure(MachineProxyFailure(error, mayHaveRun: false, isFault: false)))
        }
        let address: SocketAddress
        do { address = try SocketAddress(ipAddress: target.host, port: target.port) } catch {
            return done(.failure(.fault(.machineUnavailable, "A machine has no address", mayHaveRun: false)))
        }
        counts[target, default: 0] += 1
        let connection = UpstreamConnection(target, pool: self)
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let opened = ClientBootstrap(group: loop)
            .connectTimeout(settings.connectTimeout)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .writeBufferWaterMark, value: .init(low: settings.windowBytes / 4, high: settings.windowBytes)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            .connect(to: address)
        opened.assumeIsolated().whenComplete { result in
            switch result {
            case .success where !self.isClosed && connection.isOpen:
                self.connections[ObjectIdentifier(connection)] = connection
                self.armSweep()
                done(.success(connection))
            case .success, .failure:
                connection.close()
                self.uncount(target)
                done(.failure(.fault(.machineUnavailable, "A machine takes no connections", mayHaveRun: false)))
            }
        }
    }

    /// A connection has nothing to do; whether it is kept.
    func putBack(_ connection: UpstreamConnection) -> Bool {
        guard !isClosed, idle[connection.target]?.count ?? 0 < settings.maxIdle else { return false }
        idle[connection.target, default: []].append(connection)
        return true
    }

    /// A connection is gone.
    func removed(_ connection: UpstreamConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        uncount(connection.target)
        guard var list = idle[connection.target] else { return }
        list.removeAll { $0 === connection }
        idle[connection.target] = list.isEmpty ? nil : list
    }

    private func uncount(_ target: MachineTarget) {
        let count = counts[target, default: 1] - 1
        counts[target] = count > 0 ? count : nil
    }

    private func armSweep() {
        guard sweeping == nil, !connections.isEmpty, !isClosed else { return }
        sweeping = loop.assumeIsolated().scheduleTask(in: settings.sweepInterval) {
            self.sweeping = nil
            let now = NIODeadline.now()
            for connection in Array(self.connections.values) { connection.check(now) }
            self.armSweep()
        }
    }

    /// Ends everything.
    func close() {
        isClosed = true
        sweeping?.cancel()
        sweeping = nil
        for connection in Array(connections.values) { connection.close() }
    }
}
