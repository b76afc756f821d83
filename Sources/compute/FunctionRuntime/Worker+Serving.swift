import CJavaScriptCore
import Glibc
import WorkerProtocol

extension Worker {
    private static let readBytes = 256 << 10
    /// Descriptors of the engine's main context that one poll watches.
    private static let maxEngineDescriptors = 15

    /// Polls the socket, the timers and the engine's deferred work for ever.
    func serve() -> Never {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.readBytes, alignment: 16)
        var descriptors = [SkerryPollDescriptor](
            repeating: SkerryPollDescriptor(), count: Self.maxEngineDescriptors + 1)
        while true {
            markCPU()
            handleFrames()
            runTimers()
            flush()
            if poll(&descriptors) { read(into: buffer) }
        }
    }

    private func handleFrames() {
        do {
            repeat {
                try handleEarly()
            } while try reader.withNext({ bytes throws(WireError) in try handle(bytes) }) != nil
        } catch {
            _exit(WorkerExitCode.badFrame)
        }
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) {
        let count = Glibc.read(socket, buffer.baseAddress, buffer.count)
        if count == 0 { _exit(0) }
        if count < 0 {
            if errno == EINTR { return }
            _exit(WorkerExitCode.socket)
        }
        reader.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// Waits for the socket, the next timer or the engine; runs the engine's deferred work. True when the socket
    /// is readable.
    private func poll(_ descriptors: inout [SkerryPollDescriptor]) -> Bool {
        guard let engine else { return true }
        var priority: Int32 = 0
        var timeout: Int32 = -1
        _ = g_main_context_prepare(engine.mainContext, &priority)
        let capacity = Int32(Self.maxEngineDescriptors)
        let wanted = descriptors.withUnsafeMutableBufferPointer { slots in
            g_main_context_query(
                engine.mainContext, priority, &timeout, slots.baseAddress.map { $0 + 1 }, capacity)
        }
        let count = min(wanted, capacity)
        descriptors[0] = SkerryPollDescriptor(fd: socket, events: UInt16(POLLIN), revents: 0)
        timeout = earliest(timeout)
        let ready = descriptors.withUnsafeMutableBytes { bytes in
            Glibc.poll(bytes.baseAddress?.assumingMemoryBound(to: pollfd.self), UInt(count) + 1, timeout)
        }
        let hasWork = descriptors.withUnsafeMutableBufferPointer { slots in
            g_main_context_check(engine.mainContext, priority, slots.baseAddress.map { $0 + 1 }, count)
        }
        if hasWork != 0 { enter(0, isFirst: false) { g_main_context_dispatch(engine.mainContext) } }
        return ready > 0 && descriptors[0].revents != 0
    }

    /// The sooner of the engine's timeout and the next timer, in milliseconds; -1 for neither.
    private func earliest(_ engineTimeout: Int32) -> Int32 {
        if hasEarly { return 0 }
        guard driven == nil, timersMayFire, let due = timers.nextDueTime() else { return engineTimeout }
        let now = MonotonicClock.now()
        let milliseconds = due <= now ? 0 : (due - now + 999_999) / 1_000_000
        let timeout = Int32(clamping: milliseconds)
        return engineTimeout < 0 ? timeout : min(engineTimeout, timeout)
    }
}
