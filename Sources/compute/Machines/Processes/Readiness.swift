import CLinux
import Glibc
import Synchronization

/// Waits for descriptors without holding a thread for each.
///
/// One thread watches all waits. Each has a set of its own in the kernel, which is closed when the wait is over, so that
/// nothing is left of its descriptors. Dispatch's sources could do the same, but on Linux they free what an event on its
/// way still leads to (swift-corelibs-libdispatch issue 949).
enum Readiness {
    private struct Wait {
        var set: Descriptor
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        /// The sets of all waits, once there is a thread that watches them.
        var sets: Int32 = -1
        /// By names that are never used again: an event that comes late names nothing.
        var waits: [UInt64: Wait] = [:]
        var lastName: UInt64 = 0
    }

    private static let state = Mutex(State())
    /// What cannot be waited for, as a file or a closed descriptor, is looked at again after so long.
    private static let pause = Duration.milliseconds(20)

    /// Starts the thread, where that has not succeeded yet.
    ///
    /// - Returns: The sets of all waits; negative when this process has no file or thread left.
    private static func watched(_ state: inout State) -> Int32 {
        guard state.sets < 0 else { return state.sets }
        let sets = skerry_wait_set()
        guard sets >= 0 else { return -1 }
        var thread = pthread_t()
        let number = UnsafeMutableRawPointer(bitPattern: Int(sets) + 1)
        guard pthread_create(&thread, nil, { Readiness.watch(Int32(Int(bitPattern: $0) - 1)) }, number) == 0 else {
            Glibc.close(sets)
            return -1
        }
        pthread_detach(thread)
        state.sets = sets
        return sets
    }

    private static func watch(_ sets: Int32) -> UnsafeMutableRawPointer? {
        let most = 64
        var names = [UInt64](repeating: 0, count: most)
        while true {
            let count = skerry_wait(sets, &names, Int32(most))
            for name in names.prefix(max(0, Int(count))) { end(name) }
        }
    }

    /// Returns when one of `reading` can be read (or has ended), or `writing` can be written (or its reader has gone), or
    /// `limit` is over, or the task is cancelled; it may also return for nothing.
    ///
    /// The descriptors stay open until then; afterwards nothing here knows of them.
    static func wait(reading: [Descriptor], writing: Descriptor? = nil, atMost limit: Duration? = nil) async {
        let set = Descriptor(skerry_wait_set())
        let alarm = limit.map { Descriptor(skerry_alarm(Int64(min(max($0 / .nanoseconds(1), 1), 1e18)))) }
        let isSet = (reading + (alarm.map { [$0] } ?? [])).allSatisfy { add($0, to: set) }
        let (sets, name) = state.withLock { state in
            state.lastName += 1
            return (watched(&state), state.lastName)
        }
        guard isSet, writing.map({ add($0, to: set, forWriting: true) }) ?? true, sets >= 0 else {
            try? await Task.sleep(for: pause)
            return
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // In one step: whoever ends the wait closes its set, and the number may be another file's then.
                let isWatched = state.withLock { state in
                    state.waits[name] = Wait(set: set, continuation: continuation)
                    return skerry_wait_add(sets, set.number, false, name) == 0
                }
                if !isWatched || Task.isCancelled { end(name) }
            }
        } onCancel: {
            end(name)
        }
        withExtendedLifetime((reading, writing, alarm)) {}
    }

    private static func add(_ descriptor: Descriptor, to set: Descriptor, forWriting: Bool = false) -> Bool {
        skerry_wait_add(set.number, descriptor.number, forWriting, 0) == 0
    }

    private static func end(_ name: UInt64) {
        guard let wait = state.withLock({ $0.waits.removeValue(forKey: name) }) else { return }
        wait.set.close()
        wait.continuation.resume()
    }
}
