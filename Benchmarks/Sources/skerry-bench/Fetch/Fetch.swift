import ArgumentParser
import Blake3
import Foundation
import GRPCCore
import Identity
import NIOCore
import NIOPosix

/// A blob over loopback mutual TLS, every provider in a process of its own.
struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetches a blob over mutual TLS from one, three and misbehaving providers, beside TLS alone and gRPC."
    )

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let theatre = try Theatre(mib: options.mib)
        var layers = Contest(
            "\(options.mib) MiB from one provider over loopback mutual TLS 1.3", unit: "MiB",
            bases: ["TLS layer alone", "TLS layer, read and hashed", "grpc-swift-2, tuned", "grpc-swift-2, defaults"])
        layers.add("TLS layer alone") { try await theatre.tlsAlone(isVerified: false) }
        layers.add("TLS layer, read and hashed") { try await theatre.tlsAlone(isVerified: true) }
        layers.add("grpc-swift-2, tuned") { try await theatre.gRPC(isTuned: true) }
        layers.add("grpc-swift-2, defaults") { try await theatre.gRPC(isTuned: false) }
        layers.add("exchange, not kept") { try await theatre.exchange([1]) }
        layers.add("exchange, stored durably") { try await theatre.exchange([1], isStored: true) }
        try await layers.run(rounds: options.rounds)
        print("  TLS alone and gRPC verify nothing and send from memory; the others read a file and hash every block")

        var many = Contest(
            "\(options.mib) MiB from several providers", unit: "MiB", bases: ["one good", "two good"])
        many.add("one good") { try await theatre.exchange([1]) }
        many.add("two good") { try await theatre.exchange([1, 2]) }
        many.add("three good") { try await theatre.exchange([1, 2, 3]) }
        many.add("one good, one slow, one corrupt") { try await theatre.exchange([1, 4, 5]) }
        try await many.run(rounds: options.rounds)
        print("  came twice, of all blocks: \(theatre.duplicates)")
        print("  1, 2 and 3 are good, 4 is slow, 5 corrupt")
        print("  not kept; slow: \(ProviderNode.slowBytesPerSecond >> 20) MiB/s; corrupt: a flipped bit in every block")
    }
}

/// The processes that provide, and the measurements on them.
private final class Theatre {
    private let cast: Cast
    private let work: WorkFolder
    private let source: BlockSource
    private let id: BlobID
    private let tls: (process: ChildProcess, port: Int)
    private let tlsFile: (process: ChildProcess, port: Int)
    private let blockValues: [Digest]
    private let grpc: (process: ChildProcess, port: Int)
    private let tunedGRPC: (process: ChildProcess, port: Int)
    /// By number.
    private let nodes: [Int: ChildProcess]
    /// Bytes that came, and those that came twice, by the providers' numbers.
    private var received: [[Int]: (all: Int, twice: Int)] = [:]

    init(mib: Int) throws {
        cast = try Cast()
        work = try WorkFolder()
        source = BlockSource(mib: mib)
        (id, blockValues) = source.hashed()
        // Six providers' copies and a reader's.
        try work.requireSpace(mib: mib * 7)
        let folder = work
        func start(_ kind: Provide.Kind, _ number: Int, _ behaviour: ProviderNode.Behaviour) throws -> ChildProcess {
            try ChildProcess([
                "provide", "--kind", kind.rawValue, "--number", "\(number)", "--mib", "\(mib)", "--folder",
                folder.file("\(kind.rawValue)-\(number)"), "--behaviour", behaviour.rawValue,
            ])
        }
        func port(_ process: ChildProcess) throws -> Int {
            guard let port = Int(try process.line()), port > 0 else { throw BenchError("a provider has no port") }
            return port
        }
        let tlsProcess = try start(.tls, 1, .honest)
        tls = (tlsProcess, try port(tlsProcess))
        let fileProcess = try start(.tlsFile, 1, .honest)
        tlsFile = (fileProcess, try port(fileProcess))
        let grpcProcess = try start(.grpc, 1, .honest)
        grpc = (grpcProcess, try port(grpcProcess))
        let tunedProcess = try start(.tunedGRPC, 1, .honest)
        tunedGRPC = (tunedProcess, try port(tunedProcess))
        var nodes: [Int: ChildProcess] = [:]
        for (number, behaviour) in [1: .honest, 2: .honest, 3: .honest, 4: .slow, 5: .corrupt]
            as KeyValuePairs<Int, ProviderNode.Behaviour>
        {
            let process = try start(.node, number, behaviour)
            nodes[number] = process
            cast.register(number, port: try port(process))
        }
        self.nodes = nodes
    }

    private var mib: Double { Double(source.byteCount >> 20) }

    /// - Parameter isVerified: The provider reads each block from a file, and it is hashed where it arrives.
    func tlsAlone(isVerified: Bool) async throws -> Sample {
        let server = isVerified ? tlsFile : tls
        let (channel, done) = try await TLSStream.connect(
            port: server.port, key: cast.keys[0], provider: cast.keys[1].publicKey, source: source,
            values: isVerified ? blockValues : nil)
        let sample = try await Sample.timed(mib, processes: [server.process.id]) {
            try await TLSStream.request(source.blockCount, on: channel)
            try await done.get()
        }
        try? await channel.close()
        return sample
    }

    func gRPC(isTuned: Bool) async throws -> Sample {
        let server = isTuned ? tunedGRPC : grpc
        let client = try GRPCStream.client(port: server.port, flow: isTuned ? .tuned : .defaults)
        let first = BlockSource(mib: 1)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.runConnections() }
            // Dials before the clock runs, as the others do.
            try await GRPCStream.read(first, from: client)
            let sample = try await Sample.timed(mib, processes: [server.process.id]) {
                try await GRPCStream.read(source, from: client)
            }
            client.beginGracefulShutdown()
            try await group.waitForAll()
            return sample
        }
    }

    /// How much came twice, as text.
    var duplicates: String {
        received.sorted { $0.key.description < $1.key.description }.map { numbers, bytes in
            String(format: "%.1f%% from \(numbers)", 100 * Double(bytes.twice) / Double(max(1, bytes.all)))
        }.joined(separator: ", ")
    }

    /// Fetches from the nodes with these numbers.
    func exchange(_ numbers: [Int], isStored: Bool = false) async throws -> Sample {
        let folder = work.file("reader")
        let reader = try await ReaderNode(cast, folder: folder, providers: numbers.map(cast.node))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let sample = try await Sample.timed(mib, processes: numbers.compactMap { nodes[$0]?.id }) {
                if isStored {
                    try await reader.fetch(id, source)
                } else {
                    try await reader.stream(id, source)
                }
            }
            let known = received[numbers] ?? (0, 0)
            received[numbers] = (known.all + source.byteCount, known.twice + reader.duplicateBytes)
            await reader.stop()
            return sample
        } catch {
            await reader.stop()
            throw error
        }
    }
}
