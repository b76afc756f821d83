import CLinux
import Dispatch
import Foundation
import Ledger
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The write-ahead log of acknowledgments: one file, written by one thread, several records for each write.
///
/// The file is as long as it will get before it is used, so that a write changes no metadata. When it is full, and each time
/// it is opened, what counts is written to a new file that takes the old one's name: `acks.log` is always a whole one.
///
/// While it cannot be written, as on a full disk, nothing more is taken. Each `AckLogSettings.retryTime` all that counts is
/// written to a new file; once that is durable, the log goes on.
final class AckLog: Sendable {
    private struct Waiter {
        let position: UInt64
        let done: @Sendable (Result<Void, ChannelsError>) -> Void
    }

    private struct State {
        /// Records that are not written yet.
        var waiting: [UInt8] = []
        /// Records that were appended, and those of them that are durable.
        var appended: UInt64 = 0
        var durable: UInt64 = 0
        var waiters: [Waiter] = []
        var failure: ChannelsError?
        var isIdle = true
        var isRunning = false
        var isClosing = false
    }

    private let folder: String
    private let network: NetworkID
    private let settings: AckLogSettings
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let lock: LogFile
    /// The writing thread's own; nil until one could be written.
    private let file: Mutex<LogFile?>

    /// Opens the log in a folder, which is made if it is missing, and reads what is in it. One that cannot be written stays as
    /// it is on the disk, and takes nothing until it can, see ``failure``.
    ///
    /// - Throws: `.log` if another process has it open, or it cannot be read.
    static func open(
        folder: String, network: NetworkID, settings: AckLogSettings
    ) throws(ChannelsError) -> (log: AckLog, channels: [PayeeChannel]) {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw LogFile.error("create the folder", folder) }
        let lock = try LogFile(path: folder + "/lock", flags: O_RDWR | O_CREAT)
        guard skerry_flock_exclusive(lock.descriptor) == 0 else {
            throw ChannelsError(.log, "Another process has the log of acknowledgments in \(folder) open; stop it")
        }
        let path = folder + "/acks.log"
        var channels: [PayeeChannel] = []
        if access(path, F_OK) == 0 {
            let bytes = try LogFile(path: path, flags: O_RDONLY).contents()
            let contents = Result { try bytes.withUnsafeBytes { try AckLogFormat.read($0, network: network) } }
            switch contents {
            case .success(let contents): channels = contents.state.channels
            case .failure(let error): throw error as? ChannelsError ?? ChannelsError(.log, "\(error)")
            }
        }
        var records: [UInt8] = []
        for (slot, channel) in channels.enumerated() {
            for record in AckRecord.records(of: channel, slot: slot) { record.append(to: &records) }
        }
        let log = AckLog(folder: folder, network: network, settings: settings, lock: lock)
        do throws(ChannelsError) { try log.replace(records) } catch { log.fail(error) }
        return (log, channels)
    }

    private init(folder: String, network: NetworkID, settings: AckLogSettings, lock: LogFile) {
        self.folder = folder
        self.network = network
        self.settings = settings
        self.lock = lock
        file = Mutex(nil)
    }

    private func replace(_ records: [UInt8]) throws(ChannelsError) {
        let new = try LogFile.replace(
            folder: folder, records: records, network: network, byteCount: settings.byteCount)
        file.withLock { $0 = new }
    }

    /// Starts the thread that writes.
    ///
    /// - Parameter snapshot: Called when the file is full, or could not be written: gives the records of all channels as they
    ///   are, and calls `AckLog.dropWaiting` while nobody can append any.
    func start(snapshot: @escaping @Sendable () -> [UInt8]) {
        state.withLock { $0.isRunning = true }
        Thread {
            // From inside: a name that is given before the start does not reach the system.
            Thread.current.name = "skerry-acks"
            self.run(snapshot)
        }.start()
    }

    // MARK: Appending

    /// What one call may append, so that ``admit(_:)`` can answer for it: a channel's opening, link and voucher, and what is
    /// still owed.
    static let maxRecordsAtOnce = 5

    /// Whether the records of `count` changes, ``maxRecordsAtOnce`` each, can be appended now. Ask before something changes
    /// that they tell of.
    ///
    /// - Throws: `.log` if the log has failed, is closed or the disk is behind.
    func admit(_ count: Int = 1) throws(ChannelsError) {
        let byteCount = count * AckLog.maxRecordsAtOnce * AckRecord.byteCount
        let refusal = state.withLock { state -> ChannelsError? in self.refusal(state, byteCount: byteCount) }
        if let refusal { throw refusal }
    }

    private func refusal(_ state: State, byteCount: Int) -> ChannelsError? {
        if let failure = state.failure { return failure }
        if state.isClosing { return ChannelsError(.log, "The log of acknowledgments is closed") }
        guard state.waiting.count + byteCount > settings.maxWaitingBytes else { return nil }
        return ChannelsError(.log, "The disk is behind with \(state.waiting.count) bytes of acknowledgments; wait")
    }

    /// Adds records, in their order. They are durable some milliseconds later; see ``whenDurable(_:)``.
    ///
    /// - Throws: `.log` if the log has failed, is closed or the disk is behind; nothing is added then.
    func append(_ records: [AckRecord]) throws(ChannelsError) {
        try append(byteCount: records.count * AckRecord.byteCount) { bytes in
            for record in records { record.append(to: &bytes) }
        }
    }

    /// As above, for one record.
    func append(_ record: AckRecord) throws(ChannelsError) {
        try append(byteCount: AckRecord.byteCount) { record.append(to: &$0) }
    }

    private func append(byteCount: Int, _ write: (inout [UInt8]) -> Void) throws(ChannelsError) {
        let result = state.withLock { state -> Result<Bool, ChannelsError> in
            if let refusal = refusal(state, byteCount: byteCount) { return .failure(refusal) }
            write(&state.waiting)
            state.appended += UInt64(byteCount / AckRecord.byteCount)
            defer { state.isIdle = false }
            return .success(state.isIdle)
        }
        if try result.get() { wake.signal() }
    }

    /// Forgets what is not written: a snapshot has it.
    func dropWaiting() { state.withLock { $0.waiting.removeAll(keepingCapacity: true) } }

    /// Calls `done` once all that was appended so far is on the disk, on any thread.
    func whenDurable(_ done: @escaping @Sendable (Result<Void, ChannelsError>) -> Void) {
        let now = state.withLock { state -> Result<Void, ChannelsError>? in
            if state.durable >= state.appended { return .success(()) }
            if let failure = state.failure { return .failure(failure) }
            state.waiters.append(Waiter(position: state.appended, done: done))
            return nil
        }
        if let now { done(now) } else { wake.signal() }
    }

    /// Why nothing is taken at present; nil while the log can be written.
    var failure: ChannelsError? { state.withLock(\.failure) }

    /// The records that are on the disk since the log was opened.
    var durableCount: UInt64 { state.withLock(\.durable) }

    /// Writes what is left and gives the folder free. Does nothing a second time.
    func close() {
        let (isFirst, isRunning) = state.withLock { state in
            defer { state.isClosing = true }
            return (!state.isClosing, state.isRunning)
        }
        guard isFirst else { return }
        if isRunning {
            wake.signal()
            ended.wait()
        }
        _ = skerry_flock_release(lock.descriptor)
    }

    // MARK: Writing

    private enum Turn { case idle, written, over }

    private func run(_ snapshot: @Sendable () -> [UInt8]) {
        defer { ended.signal() }
        while true {
            if failure == nil {
                wake.wait()
            } else {
                _ = wake.wait(timeout: .now() + .nanoseconds(Int(settings.retryTime.inNanoseconds)))
                recover(snapshot)
            }
            var turn = Turn.written
            while turn == .written {
                // Whoever waits for the disk, or closes, signals again and ends this pause.
                let isUrgent = state.withLock { $0.isClosing || !$0.waiters.isEmpty }
                if !isUrgent { _ = wake.wait(timeout: .now() + .nanoseconds(Int(settings.groupTime.inNanoseconds))) }
                turn = writeWaiting(snapshot)
            }
            if turn == .over { return }
        }
    }

    /// Writes what waits as one batch.
    private func writeWaiting(_ snapshot: @Sendable () -> [UInt8]) -> Turn {
        let (records, position, isClosing) = state.withLock { state -> ([UInt8], UInt64, Bool) in
            // What is on the disk after a failure is not known: only a new file makes that good.
            if state.failure != nil { state.waiting.removeAll() }
            let limit = AckLogFormat.maxBatchRecords * AckRecord.byteCount
            let records = state.waiting.count > limit ? Array(state.waiting.prefix(limit)) : state.waiting
            if records.isEmpty { state.isIdle = true }
            let left = UInt64((state.waiting.count - records.count) / AckRecord.byteCount)
            return (records, state.appended - left, state.isClosing)
        }
        if records.isEmpty { return isClosing ? .over : .idle }
        do throws(ChannelsError) {
            let isWritten = try file.withLock { file throws(ChannelsError) in try file?.append(records) ?? false }
            if isWritten {
                state.withLock { $0.waiting.removeFirst(min(records.count, $0.waiting.count)) }
                finish(upTo: position)
            } else {
                try compact(snapshot)
            }
        } catch {
            fail(error)
        }
        return .written
    }

    private func compact(_ snapshot: @Sendable () -> [UInt8]) throws(ChannelsError) {
        let records = snapshot()
        let position = state.withLock { $0.appended - UInt64($0.waiting.count / AckRecord.byteCount) }
        try replace(records)
        finish(upTo: position)
    }

    /// Goes on after a failure, if all that counts can be written now.
    private func recover(_ snapshot: @Sendable () -> [UInt8]) {
        do throws(ChannelsError) {
            try compact(snapshot)
            state.withLock { $0.failure = nil }
            // What changed before that, and could not be appended, is in this one.
            try compact(snapshot)
        } catch {
            fail(error)
        }
    }

    private func finish(upTo position: UInt64) {
        let done = state.withLock { state in
            state.durable = max(state.durable, position)
            let done = state.waiters.filter { $0.position <= state.durable }
            state.waiters.removeAll { $0.position <= state.durable }
            return done
        }
        for waiter in done { waiter.done(.success(())) }
    }

    private func fail(_ error: ChannelsError) {
        let waiters = state.withLock { state in
            state.failure = error
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.done(.failure(error)) }
    }
}

extension Duration {
    fileprivate var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
