internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Memory for provers, kept from proof to proof: fresh pages cost more than half of the time that a proof takes.
///
/// It may be shared by provers; it gives everything back to the system when it goes.
public final class ProverArena: Sendable {
    private struct State {
        /// Addresses of free pieces, by their size in bytes.
        var free: [Int: [UInt]] = [:]
        var totalBytes = 0
        var usedBytes = 0
        var peakBytes = 0
    }
    private let state = Mutex(State())

    public init() {}

    deinit {
        // Every buffer keeps the arena, so none is in use now.
        for (byteCount, addresses) in state.withLock({ $0.free }) {
            for address in addresses { munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }
        }
    }

    /// Bytes that the arena has from the system.
    public var totalBytes: Int { state.withLock { $0.totalBytes } }
    /// The most bytes that were in use at one time.
    public var peakBytes: Int { state.withLock { $0.peakBytes } }

    /// Gives back to the system what is not in use.
    public func trim() {
        let free = state.withLock { state in
            let free = state.free
            state.free = [:]
            state.totalBytes -= free.reduce(0) { $0 + $1.key * $1.value.count }
            return free
        }
        for (byteCount, addresses) in free {
            for address in addresses { munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }
        }
    }

    /// A buffer of words with any content, aligned to a page.
    func buffer(words: Int) throws(StarkError) -> Buffer {
        let byteCount = max(4_096, (words * 4 + 4_095) & ~4_095)
        let reused: UInt? = state.withLock { state in
            state.usedBytes += byteCount
            state.peakBytes = max(state.peakBytes, state.usedBytes)
            return state.free[byteCount]?.popLast()
        }
        if let reused, let start = UnsafeMutableRawPointer(bitPattern: reused) {
            return Buffer(start: start, byteCount: byteCount, arena: self)
        }
        let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let start = mapped, start != UnsafeMutableRawPointer(bitPattern: -1) else {
            state.withLock { $0.usedBytes -= byteCount }
            throw StarkError(.outOfMemory, "no memory for \(byteCount) bytes: prove fewer steps at once")
        }
        #if os(Linux)
            if byteCount >= 1 << 21 { madvise(start, byteCount, MADV_HUGEPAGE) }
        #endif
        state.withLock { $0.totalBytes += byteCount }
        return Buffer(start: start, byteCount: byteCount, arena: self)
    }

    fileprivate func putBack(_ start: UnsafeMutableRawPointer, byteCount: Int) {
        state.withLock { state in
            state.usedBytes -= byteCount
            state.free[byteCount, default: []].append(UInt(bitPattern: start))
        }
    }
}

/// Words from an arena, until it goes.
///
/// Sendable because the pointer never changes; that no two threads write the same words is up to the prover.
final class Buffer: @unchecked Sendable {
    let start: UnsafeMutablePointer<UInt32>
    let raw: UnsafeMutableRawPointer
    private let byteCount: Int
    private let arena: ProverArena

    fileprivate init(start: UnsafeMutableRawPointer, byteCount: Int, arena: ProverArena) {
        self.raw = start
        self.start = start.bindMemory(to: UInt32.self, capacity: byteCount / 4)
        self.byteCount = byteCount
        self.arena = arena
    }

    deinit { arena.putBack(raw, byteCount: byteCount) }

    func zero(words: Int) { start.update(repeating: 0, count: words) }
}
