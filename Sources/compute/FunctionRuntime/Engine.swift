import CJavaScriptCore

/// One virtual machine: its main context, and the deferred work of all its contexts.
///
/// Only the thread that made it may use it.
final class Engine {
    let group: JSContextGroupRef
    let mainContext: OpaquePointer
    /// The context that the code is loaded into.
    let main: Realm

    /// Starts the engine and evaluates the prelude; nil when either fails.
    init?() {
        // With the C API alone the collector's timer outlives its context and crashes the process; collections
        // are triggered by allocation all the same.
        JSDisableGCTimer()
        guard let mainContext = g_main_context_new() else { return nil }
        g_main_context_push_thread_default(mainContext)
        _ = g_main_context_acquire(mainContext)
        guard let group = JSContextGroupCreate() else { return nil }
        // Makes the watchdog's thread now: it could not read what it needs once the process is sealed.
        Engine.limitEntries(of: group, nanoseconds: 3_600_000_000_000)
        guard let main = Realm(in: group), case .returned = main.call(.warm, []) else { return nil }
        // Otherwise the first request would wait for the collection that what was made until now brings about.
        JSSynchronousGarbageCollectForDebugging(main.context)
        self.mainContext = mainContext
        self.group = group
        self.main = main
    }

    /// Sets the CPU time of one outermost entry.
    func limitEntries(nanoseconds: UInt64) { Engine.limitEntries(of: group, nanoseconds: nanoseconds) }

    private static func limitEntries(of group: JSContextGroupRef, nanoseconds: UInt64) {
        JSContextGroupSetExecutionTimeLimit(
            group, Double(nanoseconds) / 1e9, { _, _ in HostFunctions.entryWasTerminated() }, nil)
    }
}
