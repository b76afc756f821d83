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
        /// By names that are never used again: an event that comes late names nothing.
        var waits: [UInt64: Wait] = [:]
        var lastName: UInt64 = 0
    }

    private static let state = Mutex(State())
    /// What cannot be waited for, as a file or a closed descriptor, is looked at again after so long.
    private static let pause = Duration.milliseconds(20)

    /// The sets of all waits, and the thread that watches them.
    private static let sets: Descriptor = {
        let sets = Descriptor(skerry_wait_set())
        var thread = pthread_t()
        guard sets.number >= 0, pthread_create(&thread, nil, { _ in Readiness.watch() }, nil) == 0 else {
            return Descriptor(-1)
        }
        pthread_detach(thread)
        return sets
    }()

    private static func watch() -> UnsafeMutableRawPointer? {
        let most = 64
        var names = [UInt64](repeating: 0, count: most)
        while true {
            let count = skerry_wait(sets.number, &names, Int32(most))
            for name in names.prefix(max(0, Int(count))) { end(name) }
        }
    }

    /// Returns when one of `reading` can be read (or has ended), or `writing` can be written (or its reader has gone), or
    /// `limit` is over, or the task is cancelled; it may also return for nothing.
    ///
    /// Afterwards nothing here knows of the descriptors.
    static func wait(reading: [Descriptor], writing: Descriptor? = nil, atMost limit: Duration? = nil) async {
        let set = Descriptor(skerry_wait_set())
        let alarm = limit.map { Descriptor(skerry_alarm(Int64(min(max($0 / .nanoseconds(1), 1), 1e18)))) }
        let isSet = (reading + (alarm.map { [$0] } ?? [])).allSatisfy { add($0, to: set) }
        guard isSet, writing.map({ add($0, to: set, forWriting: true) }) ?? true, sets.number >= 0 else {
            try? await Task.sleep(for: pause)
            return
        }
        let name = state.withLock { state in
            state.lastName += 1
            return state.lastName
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // In one step: whoever ends the wait closes its set, and the number may be another file's then.
                let isWatched = state.withLock { state in
                    state.waits[name] = Wait(set: set, continuation: continuation)
                    return skerry_wait_add(sets.number, set.number, false, name) == 0
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
