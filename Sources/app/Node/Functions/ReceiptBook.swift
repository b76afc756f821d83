import Blake3
import Foundation
import Functions
import Identity
import LedgerLog
import Logging
import Metrics
import NIOCore
import Recordings
import Streams
import Synchronization

/// Signs a receipt for every invocation, in batches and apart from the requests' path, and keeps the newest.
///
/// What a request costs is an entry in a list, and a copy of its texts if they are short: hashing and signing are done by
/// ``run()``. A folder keeps the newest over restarts; without one, or while it cannot be written to, memory has them. What
/// is named in an answer has its place, and can be had from then on until newer ones push it out; only a process that is
/// killed takes those of the last ``interval`` with it.
final class ReceiptBook: Sendable {
    /// Receipts that are kept: about 8 MB.
    static let maxKept = 16_384
    /// How long a receipt waits for others to be signed with.
    private static let interval = Duration.milliseconds(100)
    /// Streamed answers and recordings that have a place and are not over: so many more than wait.
    static let maxPromised = 4_096
    /// Invocations that wait for their receipts, and bytes of what they are made of; beyond that invocations get none.
    /// With those that have a place they are no more than are kept, so none is pushed out by what is signed with it.
    static let maxWaiting = maxKept - maxPromised
    private static let maxWaitingBytes = 64 << 20
    /// Bytes of an invocation that are copied at once, so that the call can go.
    private static let shortBytes = 8 << 10
    /// Memory for texts that is kept from one time to the next.
    private static let keptTextBytes = 4 << 20
    /// The header that names a receipt.
    static let header = "skerry-receipt"

    /// An invocation that is over.
    struct Draft: Sendable {
        enum Outcome: Sendable {
            case answer(status: Int, headers: [(name: String, value: String)], body: ByteBuffer)
            case stream(status: Int, hash: Digest, isBroken: Bool)
            case failure(code: String, message: String)
            case recorded(Recording)
        }

        var call: FunctionCall
        var version: FunctionVersion
        var outcome: Outcome
        var wallMicroseconds: UInt64
        let timeMilliseconds = UInt64(max(0, Date().timeIntervalSince1970 * 1_000))

        fileprivate var byteCount: Int {
            var count = call.url.utf8.count
            func add(_ fields: [(name: String, value: String)]) {
                for field in fields { count += field.name.utf8.count + field.value.utf8.count }
            }
            add(call.headers)
            if case .bytes(let body) = call.body { count += body.readableBytes }
            if case .answer(_, let headers, let body) = outcome {
                add(headers)
                count += body.readableBytes
            }
            return count
        }
    }

    /// An invocation with a short answer, whose input and output are among the texts.
    private struct Short {
        var id: String
        var version: FunctionVersion
        var status: UInt16
        var input: Range<Int>
        var isInputHeadOnly: Bool
        var output: Range<Int>
        var wallMicroseconds: UInt64
        var timeMilliseconds: UInt64
    }

    private enum Waiting {
        case draft(Draft)
        case short(Short)
    }

    private struct State {
        var waiting: [Waiting] = []
        var texts = InvocationTexts()
        /// Memory for the next ones.
        var spareTexts = InvocationTexts()
        var waitingBytes = 0
        /// Places that were given and are not filled.
        var promised = 0
        /// What no folder has, the oldest first.
        var kept: [ReceiptBatch] = []
        var keptCount = 0
        /// Who takes what waits and has not kept it yet.
        var signers = 0
        /// Batches that were kept, here or in the folder.
        var generation: UInt64 = 0
        /// Whether a receipt may come that was named already.
        var isAnyComing: Bool { !waiting.isEmpty || promised > 0 || signers > 0 }

        mutating func add(_ draft: Draft) {
            let byteCount = draft.byteCount
            waitingBytes += byteCount
            guard byteCount <= ReceiptBook.shortBytes, case .answer(let status, let headers, let body) = draft.outcome
            else { return waiting.append(.draft(draft)) }
            let call = draft.call
            var requestBody = ByteBuffer()
            var isInputHeadOnly = true
            if case .bytes(let bytes) = call.body { (requestBody, isInputHeadOnly) = (bytes, false) }
            let start = texts.byteCount
            let input = requestBody.withUnsafeReadableBytes {
                texts.addInput(method: call.method, url: call.url, fields: call.headers, body: $0)
            }
            let output = body.withUnsafeReadableBytes {
                texts.addOutput(status: UInt16(clamping: status), fields: headers, body: $0)
            }
            waitingBytes += texts.byteCount - start - byteCount
            waiting.append(
                .short(
                    Short(
                        id: ReceiptBook.id(of: call), version: draft.version, status: UInt16(clamping: status),
                        input: input, isInputHeadOnly: isInputHeadOnly, output: output,
                        wallMicroseconds: draft.wallMicroseconds, timeMilliseconds: draft.timeMilliseconds)))
        }

        /// What waits, which then does so no more.
        mutating func takeWaiting() -> (waiting: [Waiting], texts: InvocationTexts) {
            defer {
                waiting = []
                swap(&texts, &spareTexts)
                spareTexts = InvocationTexts()
                waitingBytes = 0
            }
            signers += 1
            return (waiting, texts)
        }

        mutating func keep(_ batch: ReceiptBatch) {
            kept.append(batch)
            keptCount += batch.ids.count
            while let oldest = kept.first?.ids.count, keptCount - oldest >= ReceiptBook.maxKept {
                kept.removeFirst()
                keptCount -= oldest
            }
        }
    }

    private let key: SigningKey
    private let epoch: @Sendable () -> UInt64
    private let logger: Logger
    private let folder: ReceiptFolder?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - epoch: The ledger's epoch now.
    ///   - folder: Where receipts are kept over restarts; nil for nowhere.
    init(key: SigningKey, epoch: @escaping @Sendable () -> UInt64, folder: ReceiptFolder? = nil, logger: Logger) {
        self.folder = folder
        self.key = key
        self.epoch = epoch
        self.logger = logger
    }

    /// Signs what waits, again and again, until cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: ReceiptBook.interval)
            signWaiting()
        }
    }

    /// Signs what waits. For the end, when nothing runs any more that gets a receipt; streams that broke off with what ran
    /// get a moment to say so.
    func flush() async {
        for _ in 0..<25 where state.withLock({ $0.promised }) > 0 { try? await Task.sleep(for: .milliseconds(20)) }
        signWaiting()
    }

    /// The receipt of an invocation; waits a moment for one that is being signed.
    func receipt(_ id: String) async -> SignedReceipt? {
        // Only what is new is looked through: anybody may ask for what nobody has.
        var seen: UInt64?
        for _ in 0..<10 {
            signWaiting()
            let (generation, isAnyComing) = state.withLock { ($0.generation, $0.isAnyComing) }
            if generation != seen {
                seen = generation
                if let found = folder?.receipt(id) { return found }
                let batch = state.withLock { $0.kept.last { $0.ids.contains(id) } }
                if let found = try? batch?.receipt(id) { return found }
            }
            guard isAnyComing else { return nil }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }

    /// Takes an invocation that is over; false when too many wait or its id is too long, so that it gets no
    /// receipt.
    func add(_ draft: Draft) -> Bool {
        let isTaken = state.withLock { state in
            guard state.waiting.count < ReceiptBook.maxWaiting, state.waitingBytes < ReceiptBook.maxWaitingBytes,
                draft.call.id.utf8.count <= ReceiptLimits.maxTextBytes
            else { return false }
            state.add(draft)
            return true
        }
        if !isTaken { ReceiptBook.countSkipped() }
        return isTaken
    }

    /// Takes a place for an invocation whose receipt is named before it is over; false when too many have one.
    ///
    /// Whoever gets one gives it back with ``fill(_:)``.
    func reserve() -> Bool {
        let isFree = state.withLock { state in
            guard state.promised < ReceiptBook.maxPromised else { return false }
            state.promised += 1
            return true
        }
        if !isFree { ReceiptBook.countSkipped() }
        return isFree
    }

    /// Takes the invocation that has a place; nil if there was none in the end.
    func fill(_ draft: Draft?) {
        state.withLock { state in
            state.promised -= 1
            if let draft { state.add(draft) }
        }
    }

    private static func countSkipped() { Counter(label: "skerry_function_receipts_skipped_total").increment() }

    /// The id of a call's receipt: the request's, where calls of one function by another have a slash and a number more, with
    /// hyphens for slashes.
    static func id(of call: FunctionCall) -> String {
        let slash = UInt8(ascii: "/")
        guard call.id.utf8.contains(slash) else { return call.id }
        return String(decoding: call.id.utf8.map { $0 == slash ? UInt8(ascii: "-") : $0 }, as: UTF8.self)
    }

    /// Gives an answer its receipt's id, if it gets one. The receipt of a stream closes when the stream ends.
    func attach(
        to reply: FunctionReply, of call: FunctionCall, _ version: FunctionVersion, since start: NIODeadline
    ) -> FunctionReply {
        let wall = UInt64(max(0, (NIODeadline.now() - start).nanoseconds / 1_000))
        var reply = reply
        // Only the node speaks of receipts.
        if reply.headers.contains(where: { $0.name == ReceiptBook.header }) {
            reply.headers.removeAll { $0.name == ReceiptBook.header }
        }
        switch reply.body {
        case .bytes(let bytes):
            let outcome = Draft.Outcome.answer(status: reply.status, headers: reply.headers, body: bytes)
            guard add(Draft(call: call, version: version, outcome: outcome, wallMicroseconds: wall)) else {
                return reply
            }
        case .stream(let source):
            guard call.id.utf8.count <= ReceiptLimits.maxTextBytes, reserve() else { return reply }
            reply.body = .stream(watched(source, reply, call, version, wall))
        }
        reply.headers.append((ReceiptBook.header, ReceiptBook.id(of: call)))
        return reply
    }

    /// Notes that there was no answer.
    func failed(_ call: FunctionCall, _ version: FunctionVersion, _ error: any Error, since start: NIODeadline) {
        guard let error = error as? FunctionError, error.origin == .origin else { return }
        let wall = UInt64(max(0, (NIODeadline.now() - start).nanoseconds / 1_000))
        _ = add(
            Draft(
                call: call, version: version, outcome: .failure(code: error.code.rawValue, message: error.message),
                wallMicroseconds: wall))
    }

    /// The same stream, hashed as it goes by. Fills the place that it has.
    private func watched(
        _ source: ByteStream, _ reply: FunctionReply, _ call: FunctionCall, _ version: FunctionVersion, _ wall: UInt64
    ) -> ByteStream {
        let watched = ByteStream(onStop: { source.stop() })
        let status = reply.status
        let first = InvocationHasher(status: UInt16(clamping: status), fields: reply.headers)
        Task { [weak watched] in
            var hasher = first
            var failure: (any Error)?
            do {
                while let part = try await source.next() {
                    part.withUnsafeReadableBytes { hasher.update($0) }
                    guard let watched else { throw ByteStream.Stopped() }
                    try await watched.write(part)
                }
            } catch {
                failure = error
                source.stop()
            }
            let outcome = Draft.Outcome.stream(status: status, hash: hasher.finalize(), isBroken: failure != nil)
            self.fill(Draft(call: call, version: version, outcome: outcome, wallMicroseconds: wall))
            if let failure { watched?.fail(failure) } else { watched?.finish() }
        }
        return watched
    }

    // MARK: Signing

    private func signWaiting() {
        var (waiting, texts) = state.withLock { $0.takeWaiting() }
        let epoch = epoch()
        for start in stride(from: 0, to: waiting.count, by: ReceiptLimits.maxBatch) {
            let part = waiting[start..<min(start + ReceiptLimits.maxBatch, waiting.count)]
            do {
                let receipts = part.map { waiting in
                    switch waiting {
                    case .draft(let draft): ReceiptBook.receipt(draft, epoch: epoch)
                    case .short(let short): ReceiptBook.receipt(short, texts, epoch: epoch)
                    }
                }
                keep(try ReceiptBatch(signing: receipts, key: key))
            } catch {
                logger.error("receipts cannot be signed", metadata: ["error": "\(error)"])
            }
        }
        texts.removeAll(keeping: ReceiptBook.keptTextBytes)
        state.withLock { state in
            state.spareTexts = texts
            state.signers -= 1
        }
    }

    /// On the disk, else in memory.
    private func keep(_ batch: ReceiptBatch) {
        var isOnDisk = false
        if let folder {
            do {
                try folder.append(batch)
                isOnDisk = true
            } catch {
                logger.error("receipts cannot be kept on the disk", metadata: ["error": "\(error)"])
            }
        }
        state.withLock { state in
            if !isOnDisk { state.keep(batch) }
            state.generation += 1
        }
    }

    private static func receipt(_ short: Short, _ texts: InvocationTexts, epoch: UInt64) -> Receipt {
        Receipt(
            id: short.id, app: short.version.app, release: short.version.release,
            inputHash: texts.inputHash(short.input), isInputHeadOnly: short.isInputHeadOnly,
            outputHash: texts.outputHash(short.output), status: short.status,
            wallMicroseconds: short.wallMicroseconds, epoch: epoch, timeMilliseconds: short.timeMilliseconds)
    }

    private static func receipt(_ draft: Draft, epoch: UInt64) -> Receipt {
        var input = InvocationHasher(method: draft.call.method, url: draft.call.url, fields: draft.call.headers)
        var isHeadOnly = true
        if case .bytes(let body) = draft.call.body {
            body.withUnsafeReadableBytes { input.update($0) }
            isHeadOnly = false
        }
        let inputHash = input.finalize()
        var receipt = Receipt(
            id: id(of: draft.call), app: draft.version.app, release: draft.version.release, inputHash: inputHash,
            isInputHeadOnly: isHeadOnly, outputHash: inputHash, status: 0,
            wallMicroseconds: draft.wallMicroseconds, epoch: epoch, timeMilliseconds: draft.timeMilliseconds)
        switch draft.outcome {
        case .answer(let status, let headers, let body):
            var output = InvocationHasher(status: UInt16(clamping: status), fields: headers)
            body.withUnsafeReadableBytes { output.update($0) }
            receipt.outputHash = output.finalize()
            receipt.status = UInt16(clamping: status)
        case .stream(let status, let hash, let isBroken):
            receipt.outputHash = hash
            receipt.isOutputBroken = isBroken
            receipt.status = UInt16(clamping: status)
        case .failure(let code, let message):
            receipt.outputHash = InvocationHasher(failure: code, message: message).finalize()
        case .recorded(let recording):
            receipt.inputHash = recording.inputHash
            receipt.transcriptHash = recording.transcriptHash
            receipt.outputHash = recording.outputHash
            if case .response(let status, _, _) = recording.output { receipt.status = status }
        }
        return receipt
    }
}

extension FunctionVersion {
    /// The app's name without its owner.
    var app: String {
        guard let slash = tenant.utf8.lastIndex(of: UInt8(ascii: "/")) else { return tenant }
        return String(tenant[tenant.utf8.index(after: slash)...])
    }
}
