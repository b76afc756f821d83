import Blake3
import BlobStore
import Identity
import Logging
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Stores, pins, evicts and collects at random in a store until it is killed, and says on standard output what it was
/// promised: `stored` and `safe` (stored and pinned) after the fact, `loose` (about to be unpinned) before it.
///
/// Arguments: the store's folder, a seed, the store's quota in bytes.
@main
struct Exerciser {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seed = UInt64(arguments[2]), let quotaBytes = Int(arguments[3]) else {
            say("usage: store-exerciser <folder> <seed> <quota in bytes>")
            exit(2)
        }
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        var settings = BlobStore.Settings()
        settings.quotaBytes = quotaBytes
        settings.partialSaveBytes = 300_000
        let store = try BlobStore(
            folder: arguments[1], settings: settings, threadPool: pool, logger: Logger(label: "exerciser"))
        say("ready")
        let owner = PinOwner("exerciser")
        guard let owner else { return }
        let player = Player(store: store, owner: owner, maxPinnedBytes: quotaBytes / 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var random = SeededRandom(seed: seed &* 31 &+ UInt64(task))
                    while true { try await player.play(&random) }
                }
            }
            group.addTask {
                while true {
                    say("collecting")
                    let report = try await store.collect(CollectionPolicy(minimumAge: .seconds(1)))
                    say("collected \(report.removedBlobs)")
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            try await group.waitForAll()
        }
    }

    /// One line, in one write, so that a kill cannot tear it.
    static func say(_ line: String) {
        var text = line + "\n"
        _ = text.withUTF8 { write(1, $0.baseAddress, $0.count) }
    }
}

/// Plays one random step after the other.
final class Player: Sendable {
    private let store: BlobStore
    private let owner: PinOwner
    private let maxPinnedBytes: Int
    /// Blobs that a step is working on; another one leaves them alone.
    private let busy = Mutex<Set<BlobID>>([])

    init(store: BlobStore, owner: PinOwner, maxPinnedBytes: Int) {
        self.store = store
        self.owner = owner
        self.maxPinnedBytes = maxPinnedBytes
    }

    func play(_ random: inout SeededRandom) async throws {
        do {
            switch random.next() % 20 {
            case 0..<6: try await put(random.bytes(100...8_000), &random)
            case 6..<11: try await put(random.bytes(20_000...450_000), &random)
            case 11..<15: try await assemble(&random)
            case 15..<17: try await unpinOne(&random)
            default: try await readOne(&random)
            }
        } catch let error as BlobStoreError where error.code == .sessionBusy || error.code == .quotaExceeded {
            Exerciser.say("refused \(error.code)")
        } catch let error as BlobStoreError where error.code == .notFound {
            // Evicted or collected between being found and being read.
            return
        }
    }

    private func put(_ bytes: ByteBuffer, _ random: inout SeededRandom) async throws {
        let id = BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) })
        let isPinned = random.next() % 2 == 0
        try await alone(with: id) {
            if isPinned { try await makeRoomForPins() }
            if isPinned { try await store.pin([id], by: owner) }
            _ = try await store.put(bytes)
            Exerciser.say("\(isPinned ? "safe" : "stored") \(id.hex)")
        }
    }

    /// One of a few blobs, so that a later process finds what this one leaves unfinished.
    private func assemble(_ random: inout SeededRandom) async throws {
        var content = SeededRandom(seed: random.next() % 8)
        let bytes = content.bytes(600_000...1_000_000)
        let id = BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) })
        var hasher = BlockHasher()
        bytes.withUnsafeReadableBytes { hasher.update($0) }
        let values = hasher.finalize().blockValues
        let order = random.shuffled(Array(values.indices))
        let stopAfter = random.next() % 3 == 0 ? 2 : values.count
        let isPinned = random.next() % 2 == 0
        try await alone(with: id) {
            guard try !store.contains(id) else { return }
            if isPinned { try await makeRoomForPins() }
            if isPinned { try await store.pin([id], by: owner) }
            let assembly = try store.assemble(id, byteCount: bytes.readableBytes, blockValues: values)
            if assembly.held.count > 0 { Exerciser.say("resumed \(id.hex)") }
            for index in order.prefix(stopAfter) where !assembly.held.contains(index) {
                let length = BlockTree.blockLength(index, byteCount: bytes.readableBytes)
                if let block = bytes.getSlice(at: index * BlockTree.blockByteCount, length: length) {
                    try await assembly.write(block: index, block)
                }
            }
            if assembly.missingCount > 0 { return await assembly.suspend() }
            try await assembly.finish()
            Exerciser.say("\(isPinned ? "safe" : "stored") \(id.hex)")
        }
    }

    private func unpinOne(_ random: inout SeededRandom) async throws {
        let start = random.id()
        guard let id = try store.pinned(by: owner, after: start, limit: 1).first else { return }
        try await unpin(id)
    }

    private func unpin(_ id: BlobID) async throws {
        try await alone(with: id) {
            Exerciser.say("loose \(id.hex)")
            try await store.unpin([id], by: owner)
        }
    }

    private func makeRoomForPins() async throws {
        while store.protectedUsage.bytes > maxPinnedBytes {
            let candidates = try store.pinned(by: owner, limit: 50)
            guard let id = candidates.first(where: { id in !busy.withLock { $0.contains(id) } }) else { return }
            try await unpin(id)
        }
    }

    private func readOne(_ random: inout SeededRandom) async throws {
        let start = random.id()
        guard let stat = try store.list(after: start, limit: 1).first else { return }
        _ = try await store.readAll(stat.id, limit: .max)
    }

    private func alone(with id: BlobID, _ body: () async throws -> Void) async throws {
        guard busy.withLock({ $0.insert(id).inserted }) else { return }
        defer { _ = busy.withLock { $0.remove(id) } }
        try await body()
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// So many bytes that no other call makes.
    mutating func bytes(_ sizes: ClosedRange<Int>) -> ByteBuffer {
        let count = Int.random(in: sizes, using: &self)
        var bytes = ByteBuffer(integer: next())
        bytes.writeRepeatingByte(UInt8(truncatingIfNeeded: next()), count: count)
        return bytes
    }

    /// Anywhere among the digests.
    mutating func id() -> BlobID {
        var start = ByteBuffer(integer: next())
        return BlobID(start.withUnsafeMutableReadableBytes { Blake3.hash(UnsafeRawBufferPointer($0)) })
    }

    mutating func shuffled(_ values: [Int]) -> [Int] { values.shuffled(using: &self) }
}
