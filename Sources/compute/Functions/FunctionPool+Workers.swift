import CSandbox
import Glibc
import Logging
import NIOCore
import NIOPosix
import Streams
import Synchronization
import WorkerProtocol

extension FunctionPool {
    // MARK: Start

    func spawn(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, on loop: any EventLoop) {
        let launcher = launcher
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { () -> WorkerLauncher.Launched in
            let launched = try launcher.launch()
            handle.started(launched)
            return launched
        }.whenComplete { result in
            switch result {
            case .success(let launched):
                self.connect(id, handle, launched, on: loop)
            case .failure(let error):
                let cause =
                    error as? FunctionError
                    ?? FunctionError(.workerMissing, "no thread is left to start a worker: \(error)")
                self.logger.error("cannot start a function worker", metadata: ["error": "\(cause.message)"])
                self.ended(id, handle, cause: cause)
            }
        }
    }

    private func connect(
        _ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ launched: WorkerLauncher.Launched, on loop: any EventLoop
    ) {
        let namespaces = launched.layers
        let unread = WireLimits.maxUnreadBytes
        ClientBootstrap(group: loop)
            .channelOption(.writeBufferWaterMark, value: .init(low: unread / 2, high: unread))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        WorkerChannelHandler(
                            received: { self.received($0, from: id, handle, namespaces: namespaces) },
                            closed: { self.closed(id, handle, $0) }))
                }
            }
            .withConnectedSocket(launched.socket)
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    handle.connected(channel)
                case .failure(let error):
                    self.logger.error("cannot serve a worker's socket", metadata: ["error": "\(error)"])
                    self.closed(id, handle, nil)
                }
            }
    }

    func load(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ source: CodeSource?) {
        let settings = settings
        let promise = eventLoop.makePromise(of: FunctionCode.self)
        promise.completeWithTask {
            guard let source else { throw FunctionError(.loadFailed, "nobody waits for this code any more") }
            let code = try await source()
            guard code.script.readableBytes <= settings.maxCodeBytes else {
                throw FunctionError(
                    .bodyTooLarge,
                    "the code has \(code.script.readableBytes) bytes; the limit is \(settings.maxCodeBytes)")
            }
            guard (code.secretEnvironment ?? code.environment).utf8.count <= WireLimits.maxValueBytes else {
                throw FunctionError(.bodyTooLarge, "variables, secrets and bindings have more than 1 MiB together")
            }
            return code
        }
        promise.futureResult.whenComplete { result in
            switch result {
            case .success(let code):
                let limits = code.limits ?? settings.limits
                self.state.withLock { $0.core.workers[id]?.limits = limits }
                if limits.memoryBytes != settings.memoryLimitBytes { handle.limitMemory(limits.memoryBytes) }
                let limit = limits.cpu.wholeNanoseconds / 1_000_000
                handle.send(
                    .load(
                        LoadOrder(
                            code: Array(buffer: code.script), fileName: code.fileName,
                            cpuLimitMilliseconds: UInt32(clamping: limit),
                            maxResponseBodyBytes: UInt32(clamping: settings.maxResponseBodyBytes),
                            environment: code.secretEnvironment ?? code.environment)))
                self.act { core, _ in core.codeSent(id) }
            case .failure(let error):
                let failure =
                    error as? FunctionError
                    ?? FunctionError(.loadFailed, "the function's code is not available: \(error)")
                self.act { core, now in core.codeUnavailable(id, failure, now: now) }
            }
        }
    }

    // MARK: Frames

    private func received(
        _ frames: [Frame], from id: PoolCore.WorkerID, _ handle: WorkerHandle, namespaces: UInt32
    ) {
        var answers: [Answer] = []
        defer { if !answers.isEmpty { answer(id, handle, answers) } }
        for frame in frames {
            switch frame {
            case .hello(let version, let layers):
                hello(id, handle, version: version, layers: layers | namespaces)
            case .loaded:
                act { core, now in core.workerLoaded(id, now: now) }
            case .loadFailed(let message, let stack):
                guard log(id, 0, .error, stack.isEmpty ? message : stack, handle) else { return handle.kill() }
                act { core, now in core.workerLoadFailed(id, message, now: now) }
            case .response(let wireID, let status, let headers, let body, let continues, let cpu):
                guard body.count <= settings.maxResponseBodyBytes else {
                    logger.error("a function worker answered with a larger body than it may")
                    return handle.kill()
                }
                if let answer = respond(id, handle, wireID, Int(status), headers, body, continues, cpu) {
                    answers.append(answer)
                }
            case .failure(let wireID, let code, let message):
                if code == .cpuLimit { noteLimit(id) }
                answers.append(Answer(wireID: wireID, result: .failure(FunctionError(code, message))))
            case .log(let wireID, let level, let line):
                guard log(id, wireID, level, line, handle) else { return handle.kill() }
            case .call(let callID, let order, let body, let continues):
                guard body.count <= WireLimits.maxCallBodyBytes, callID % 2 == 1 else {
                    logger.error("a function worker sent more with a call than it may, or named it as a request")
                    return handle.kill()
                }
                call(id, handle, callID, order, body, continues)
            case .data(let streamID, let bytes):
                guard handle.bodies.received(streamID, bytes) else {
                    logger.error("a function worker sent more of a body than it was granted")
                    return handle.kill()
                }
            case .end(let streamID):
                handle.bodies.ended(streamID)
                finishBody(id, handle, streamID)
            case .broken(let streamID, let message):
                handle.bodies.ended(streamID, FunctionError(.exception, message))
                finishBody(id, handle, streamID)
            case .credit(let streamID, let bytes):
                handle.bodies.credit(streamID, bytes)
            case .stop(let streamID):
                handle.bodies.stopped(streamID)
            case .load, .request, .cancel, .result, .callFailed, .drive, .turn, .idle:
                logger.error("a function worker sent a frame that only the node may send")
                handle.kill()
            }
        }
    }

    private func hello(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, version: UInt32, layers: UInt32) {
        guard version == WireLimits.protocolVersion else {
            logger.error(
                "the worker program is of another version; install the one that came with this node",
                metadata: ["worker": "\(version)", "node": "\(WireLimits.protocolVersion)"])
            handle.kill()
            return
        }
        let isFirst = state.withLock { state in
            defer { state.layersAreLogged = true }
            return !state.layersAreLogged
        }
        if isFirst {
            let sandbox = SandboxLayers(rawValue: layers)
            logger.log(
                level: sandbox.missing.isEmpty ? .info : .notice, "function workers are confined",
                metadata: [
                    "active": "\(sandbox.active.joined(separator: " "))",
                    "missing": "\(sandbox.missing.joined(separator: " "))",
                ])
        }
        act { core, now in core.workerHello(id, now: now) }
    }

    /// What a request of a worker's ended with.
    private struct Answer {
        var wireID: PoolCore.WireID
        var result: Result<FunctionReply, any Error>
        var cpuMicroseconds: UInt32?
    }

    /// Takes a response. Nil when its body follows: then the caller has the beginning already.
    private func respond(
        _ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ wireID: PoolCore.WireID, _ status: Int,
        _ headers: [HeaderField], _ body: [UInt8], _ continues: Bool, _ cpuMicroseconds: UInt32
    ) -> Answer? {
        guard (200...599).contains(status) else {
            if continues { handle.send(.cancel(id: wireID)) }
            return Answer(
                wireID: wireID,
                result: .failure(FunctionError(.badResponse, "the function answered with status \(status)")))
        }
        let fields = headers.map { (name: $0.name, value: $0.value) }
        guard continues else {
            let reply = FunctionReply(status: status, headers: fields, body: .bytes(ByteBuffer(bytes: body)))
            return Answer(wireID: wireID, result: .success(reply), cpuMicroseconds: cpuMicroseconds)
        }
        let pending = state.withLock { state in
            state.core.answerBegan(id, wireID).flatMap { state.pending.removeValue(forKey: $0) }
        }
        // Nobody waits any more, and the worker has been told.
        guard let pending else { return nil }
        let stream = handle.bodies.receive(wireID) { [weak self] in
            handle.send(.cancel(id: wireID))
            self?.act { core, now in core.cancelled(id, wireID, now: now) }
        }
        if !body.isEmpty { stream.append(ByteBuffer(bytes: body)) }
        note(pending, .success(status), cpuMicroseconds)
        pending.complete(.success(FunctionReply(status: status, headers: fields, body: .stream(stream))))
        return nil
    }

    /// Hands the answers of one read on: with the pool's lock taken once, and one task for each event loop that waits.
    private func answer(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ answers: [Answer]) {
        handle.forget(answers.lazy.map(\.wireID))
        var ended: [Ended] = []
        ended.reserveCapacity(answers.count)
        run { state, now in
            var actions: [PoolCore.Action] = []
            for answer in answers {
                let (request, more) = state.core.answered(id, answer.wireID, now: now)
                actions += more
                guard let pending = request.flatMap({ state.pending.removeValue(forKey: $0) }) else { continue }
                ended.append(Ended(pending: pending, result: answer.result))
                ended[ended.count - 1].cpuMicroseconds = answer.cpuMicroseconds
            }
            return actions
        }
        for call in ended { note(call.pending, call.result.map(\.status), call.cpuMicroseconds) }
        while let eventLoop = ended.first?.pending.eventLoop {
            let firstOfOthers = ended.partition { $0.pending.eventLoop !== eventLoop }
            let done = Array(ended[..<firstOfOthers])
            ended.removeFirst(firstOfOthers)
            let complete: @Sendable () -> Void = {
                for call in done { call.pending.completion(call.result) }
            }
            if eventLoop.inEventLoop { complete() } else { eventLoop.execute(complete) }
        }
    }

    /// A call that was answered.
    private struct Ended: Sendable {
        var pending: Pending
        var result: Result<FunctionReply, any Error>
        var cpuMicroseconds: UInt32?
    }

    /// A response's body is over; host calls have odd ids and end by themselves.
    private func finishBody(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ streamID: UInt64) {
        guard streamID % 2 == 0 else { return }
        // Whose answer never began, which is a fault, still waits.
        let failure = FunctionError(.badResponse, "the function's answer ended before it began")
        answer(id, handle, [Answer(wireID: streamID, result: .failure(failure))])
    }

    // MARK: Host calls

    private func call(
        _ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ callID: UInt64, _ order: HostCallOrder, _ body: [UInt8],
        _ continues: Bool
    ) {
        guard let version = state.withLock({ $0.core.workers[id]?.version }) else { return }
        let content = content(callID, handle, body, continues)
        let request = handle.request(order.owner)
        let call = HostCall(
            version: version, requestID: request?.id ?? "", trace: request?.trace, name: order.name,
            argument: order.argument, body: content)
        let host = host
        let began = handle.bodies.begin(callID) {
            do {
                guard let host else { throw HostCallError("host/unknown", "this node answers no such calls") }
                let answer = try await host.answer(call)
                guard !Task.isCancelled else { return answer.body.stop() }
                // A worker takes a frame beyond its limits for damage, and ends.
                guard answer.value.utf8.count <= WireLimits.maxValueBytes else {
                    answer.body.stop()
                    throw HostCallError("host/too-large", "the answer is too long; ask for less at a time")
                }
                switch answer.body {
                case .bytes(let bytes) where bytes.readableBytes <= WireLimits.bodyWindow:
                    handle.send(
                        .result(id: callID, value: answer.value, body: Array(buffer: bytes), continues: false))
                case .bytes(let bytes):
                    let stream = ByteStream()
                    stream.append(bytes)
                    stream.finish()
                    handle.send(.result(id: callID, value: answer.value, body: [], continues: true))
                    handle.bodies.transmit(callID, stream)
                case .stream(let stream):
                    handle.send(.result(id: callID, value: answer.value, body: [], continues: true))
                    handle.bodies.transmit(callID, stream)
                }
            } catch {
                content.stop()
                if Task.isCancelled { return }
                let failure = error as? HostCallError ?? HostCallError("host/failed", "the node could not do this")
                handle.send(.callFailed(id: callID, code: failure.code, message: failure.message))
            }
        }
        if !began {
            content.stop()
            handle.send(.callFailed(id: callID, code: "host/limit", message: "too many calls are open"))
        }
    }

    /// A call's body, whose first part is here.
    private func content(
        _ callID: UInt64, _ handle: WorkerHandle, _ first: [UInt8], _ continues: Bool
    ) -> FunctionBody {
        guard continues else { return .bytes(ByteBuffer(bytes: first)) }
        let stream = handle.bodies.receive(callID)
        if !first.isEmpty { stream.append(ByteBuffer(bytes: first)) }
        return .stream(stream)
    }

    private func noteLimit(_ id: PoolCore.WorkerID) {
        act { core, now in
            guard let version = core.workers[id]?.version else { return [] }
            return core.brokeLimit(version, now: now)
        }
    }

    /// Hands a console line on. False when the worker has written more of them than it may.
    private func log(
        _ id: PoolCore.WorkerID, _ wireID: PoolCore.WireID, _ level: LogLevel, _ text: String, _ handle: WorkerHandle
    ) -> Bool {
        let (version, isWithin) = state.withLock { ($0.core.workers[id]?.version, $0.core.countLine(of: id)) }
        guard isWithin else {
            logger.error("a function worker wrote more console lines than its requests may")
            return false
        }
        guard let log = sinks.log, let version else { return true }
        log(version, FunctionLogLine(level: level.loggerLevel, text: text, requestID: handle.request(wireID)?.id))
        return true
    }

    // MARK: End

    /// The socket is closed: whatever the process does now, it is of no use any more.
    private func closed(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, _ damage: WireError?) {
        if let damage { logger.error("a function worker broke the protocol", metadata: ["error": "\(damage)"]) }
        handle.kill()
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { handle.reap() }.whenComplete { result in
            let status: Int32? = if case .success(let status) = result { status } else { handle.reap() }
            self.ended(id, handle, cause: handle.ranOutOfMemory ? Self.outOfMemory : Self.cause(of: status))
        }
    }

    private func ended(_ id: PoolCore.WorkerID, _ handle: WorkerHandle, cause: FunctionError) {
        let last = handle.lastStatus()
        tellIfOverdue(id, handle)
        handle.bodies.close(cause)
        run { state, now in
            state.handles[id] = nil
            return state.core.workerExited(id, cause: cause, last: last, now: now)
        }
        finishDrainingIfEmpty()
    }

    func finishDrainingIfEmpty() {
        guard let promise = state.withLock({ $0.handles.isEmpty ? $0.drainedPromise.take() : nil }) else { return }
        let zygote = launcher.zygote
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { zygote?.close() }
            .whenComplete { _ in promise.succeed(()) }
    }

    static let outOfMemory = FunctionError(
        .memoryLimit, "the function used more memory than it may; the kernel ended its worker")

    /// Says what a wait status means for the requests that were in the process.
    static func cause(of status: Int32?) -> FunctionError {
        guard let status else { return FunctionError(.crashed, "the function's worker is gone; try again") }
        let signal = status & 0x7F
        if signal == SIGSYS {
            return FunctionError(.crashed, "the sandbox ended the function: it made a system call that is not allowed")
        }
        if signal != 0 {
            return FunctionError(.crashed, "the function's worker was ended by signal \(signal); try again")
        }
        let code = (status >> 8) & 0xFF
        switch code {
        case WorkerExitCode.unsealed:
            return FunctionError(
                .workerMissing, "this kernel has no seccomp; allow unsealed workers in the settings to run without")
        case 127:
            return FunctionError(.workerMissing, "the worker program does not start; check its libraries")
        default:
            return FunctionError(.crashed, "the function's worker ended with exit code \(code); try again")
        }
    }
}

extension FunctionError {
    /// What a worker's failure means to a caller.
    fileprivate init(_ failure: FailureCode, _ message: String) {
        let code: Code =
            switch failure {
            case .exception: .exception
            case .cpuLimit: .cpuLimit
            case .badResponse: .badResponse
            case .bodyTooLarge: .bodyTooLarge
            case .cancelled: .wallLimit
            case .notLoaded: .crashed
            }
        self.init(code, message)
    }
}

extension LogLevel {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
