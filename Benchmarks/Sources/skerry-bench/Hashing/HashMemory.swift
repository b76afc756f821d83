import ArgumentParser
import Blake3
import Foundation
import NIOCore

/// Hashing in memory beside the official implementation.
struct HashMemory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hashes memory with one thread and with all, beside PyPI's blake3; decodes a verified stream.")

    @OptionGroup var options: BenchOptions
    @Option(help: "A Python interpreter that can import blake3; without it that peer is left out.")
    var python: String?
    @Option(help: "The official C implementation without its AVX-512 kernel, as `Benchmarks/run` builds it.")
    var official: String?

    func run() async throws {
        let byteCount = options.mib << 20
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4_096)
        defer { memory.deallocate() }
        fill(memory)
        let bytes = UnsafeRawBufferPointer(memory)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let expected = Blake3.hash(bytes, threads: cores)
        let mib = Double(options.mib)
        let official = try python.map { try OfficialHash(python: $0, byteCount: byteCount) }
        let officialC = try self.official.map { try OfficialHash(program: $0, byteCount: byteCount) }
        let (one, all) = ("skerry, 1 thread", "skerry, \(cores) threads")
        let (officialOne, officialAll) = ("blake3 (PyPI), 1 thread", "blake3 (PyPI), all threads")
        let officialAVX2 = "blake3 (C, AVX2), 1 thread"

        var contest = Contest(
            "\(options.mib) MiB in memory, kernel \(Blake3.kernel)", unit: "MiB",
            bases: (official == nil ? [] : [officialOne, officialAll]) + (officialC == nil ? [] : [officialAVX2]) + [
                one
            ])
        func addOurs(_ name: String, threads: Int) {
            contest.add(name) {
                try await Sample.timed(mib) {
                    let digest = Blake3.hash(bytes, threads: threads)
                    guard digest == expected else { throw BenchError("the digest is \(digest)") }
                }
            }
        }
        addOurs(one, threads: 1)
        if let official { contest.add(officialOne) { try official.measure(threads: "1", expected) } }
        if let officialC { contest.add(officialAVX2) { try officialC.measure(threads: "1", expected) } }
        addOurs(all, threads: cores)
        if let official { contest.add(officialAll) { try official.measure(threads: "AUTO", expected) } }
        let stream = try encoded(bytes)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4_096)
        defer { output.deallocate() }
        output.initializeMemory(as: UInt8.self, repeating: 0)
        // A receiver that takes the 8 bytes of the size apart reads the rest into aligned buffers.
        let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 + stream.count, alignment: 64)
        defer { aligned.deallocate() }
        let received = UnsafeMutableRawBufferPointer(rebasing: aligned[56..<56 + stream.count])
        received.copyBytes(from: stream)
        func decode(_ stream: UnsafeRawBufferPointer) throws {
            var decoder = VerifiedStreamDecoder(root: expected)
            var count = 0
            try decoder.update(stream) { count += $1.count }
            try decoder.finish()
            guard count == byteCount else { throw BenchError("\(count) bytes were decoded") }
        }
        contest.add("verified decode, items aligned, 1 thread") {
            try await Sample.timed(mib) { try decode(UnsafeRawBufferPointer(received)) }
        }
        contest.add("verified decode, as allocated, 1 thread") {
            try await Sample.timed(mib) { try stream.withUnsafeBytes { try decode($0) } }
        }
        contest.add("verified decode to a buffer, 1 thread") {
            let sample = try await Sample.timed(mib) {
                let decoded = try stream.withUnsafeBytes {
                    try VerifiedStreamDecoder.decode($0, root: expected, into: output)
                }
                guard decoded.count == byteCount else { throw BenchError("\(decoded.count) bytes were decoded") }
            }
            guard Blake3.hash(UnsafeRawBufferPointer(output)) == expected else {
                throw BenchError("other bytes were decoded")
            }
            return sample
        }
        try await contest.run(rounds: options.rounds)
        if official == nil, officialC == nil {
            print("  skipped: PyPI's blake3; name an interpreter that has it with --python")
        }
    }

    private func encoded(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
        var hasher = BlockHasher()
        hasher.update(bytes)
        let known = hasher.finalize()
        var encoder = try VerifiedStreamEncoder(byteCount: bytes.count, blockValues: known.blockValues)
        var output: [UInt8] = []
        output.reserveCapacity(GroupTree.streamByteCount(byteCount: bytes.count))
        while try encoder.next(
            into: &output,
            read: { offset, buffer in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + buffer.count]))
            })
        {}
        return output
    }

    private func fill(_ memory: UnsafeMutableRawBufferPointer) {
        let source = BlockSource(mib: options.mib)
        for index in 0..<source.blockCount {
            source.block(index).withUnsafeReadableBytes { block in
                UnsafeMutableRawBufferPointer(rebasing: memory[(index * block.count)...].prefix(block.count))
                    .copyMemory(from: block)
            }
        }
    }
}

/// The official implementation in another process, on the same bytes in memory of its own.
private final class OfficialHash {
    private let name: String
    private let process: ChildProcess
    private let byteCount: Int

    /// Hashes its memory at every line; answers seconds, processor seconds and the digest.
    private static let script = """
        import blake3, sys, time
        size, noise = int(sys.argv[1]), sys.stdin.buffer.read(262144)
        memory = bytearray(size)
        for index in range(size // 262144):
            memory[index * 262144:(index + 1) * 262144] = noise
            memory[index * 262144:index * 262144 + 8] = (index ^ 1).to_bytes(8, "big")
        print("ready", flush=True)
        for line in sys.stdin:
            threads = blake3.blake3.AUTO if line.strip() == "AUTO" else int(line)
            start, before = time.perf_counter(), time.process_time()
            digest = blake3.blake3(memory, max_threads=threads).hexdigest()
            print(time.perf_counter() - start, time.process_time() - before, digest, flush=True)
        """

    convenience init(python: String, byteCount: Int) throws {
        try self.init(python, ["-c", OfficialHash.script, "\(byteCount)"], byteCount: byteCount)
    }

    convenience init(program: String, byteCount: Int) throws {
        try self.init(program, ["\(byteCount)"], byteCount: byteCount)
    }

    private init(_ program: String, _ arguments: [String], byteCount: Int) throws {
        name = program
        process = try ChildProcess(program, arguments)
        self.byteCount = byteCount
        try process.send(BlockSource(mib: 1).block(1).readableBytesView)
        guard try process.line() == "ready" else { throw BenchError("\(program) has no blake3") }
    }

    func measure(threads: String, _ expected: Digest) throws -> Sample {
        try process.tell(threads)
        let fields = try process.line().split(separator: " ")
        guard fields.count == 3, let seconds = Double(fields[0]), let cpu = Double(fields[1]) else {
            throw BenchError("\(name) answered \(fields)")
        }
        guard fields[2] == expected.hex else { throw BenchError("the digest of \(name) is \(fields[2])") }
        return Sample(work: Double(byteCount >> 20), seconds: seconds, cpuSeconds: cpu)
    }
}
