import ArgumentParser
import Blake3
import BlobStore
import Channels
import CoreFoundation
import Exchange
import Foundation
import Identity
import Ledger
import NIOCore
import NIOPosix
import PaidDelivery
import Peering
import Stark
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A provider in a process of its own, which `paid` starts: says its port, reports for each line, and ends with its input.
struct ProvidePaid: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var mib: Int
    @Option var folder: String
    @Option var anchor: String
    @Option var units: UInt64
    @Option var expires: Int64
    @Flag var unpaid = false

    func run() async throws {
        let cast = try Cast()
        guard let anchor = Digest(hex: anchor).flatMap({ PoseidonLink(bytes: $0.bytes) }) else {
            throw BenchError("--anchor is no link")
        }
        let record = try ChannelRecord(
            id: PaidTerms.id(anchor: anchor.bytes),
            opening: NewChannel(
                payee: cast.node(1), expiresMilliseconds: expires,
                chains: [.init(commodity: .bytes, anchor: anchor, unitPrice: 1, maxUnits: units)]),
            payerKey: cast.keys[0].publicKey, openedSequence: 1)
        let store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        for source in PaidTerms.sources(mib: mib) {
            let session = try store.ingest(expecting: nil, sizeHint: source.byteCount)
            for index in 0..<source.blockCount { try await session.write(source.block(index)) }
            _ = try await session.finish()
        }
        let payee = try PayeeLedger(folder: folder + "/acks", key: cast.keys[1], network: PaidTerms.network)
        let clock = ThreadClock()
        let paid = PaidServing(
            payee: payee, free: unpaid ? .always : .units(0), channel: { $0 == record.id ? record : nil },
            around: { clock.measure($0) })
        let service = Service(paid)
        let group = MultiThreadedEventLoopGroup.singleton
        let peers = try PeerNetwork(
            key: cast.keys[1], network: Cast.network, directory: cast, handler: service, ledgerSequence: { 1 },
            group: group, logger: Cast.quiet)
        let exchange = Exchange(
            store: store, peers: peers, finder: DirectoryFinder(cast), meter: paid, group: group, logger: Cast.quiet)
        service.attach(exchange)
        say("\(try await peers.listen(host: "127.0.0.1", port: 0))")
        for await _ in ProvidePaid.lines() {
            try await payee.flush()
            let report = PaidReport(
                acknowledged: payee.openChannels.reduce(0) { $0 + $1.acknowledgedUnits },
                durable: payee.durableRecords, cpuSeconds: ProvidePaid.cpuSeconds(), meterSeconds: clock.seconds,
                writerSeconds: ProvidePaid.cpuSeconds(ofThread: "skerry-acks"))
            say(report.line)
        }
        exchange.shutdown()
        await peers.shutdown()
        payee.close()
        try store.close()
    }

    /// Not with `fflush(nil)`: it waits for every stream's lock, and a thread waits for the next line of standard input.
    private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private static func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            let thread = Thread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
            thread.start()
        }
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// Processor time of this process's threads of that name, from `/proc` (proc(5): fields 14 and 15).
    private static func cpuSeconds(ofThread name: String) -> Double {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.reduce(0) { sum, task in
            guard let text = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8),
                text.contains("(\(name))"), let close = text.lastIndex(of: ")")
            else { return sum }
            let fields = text[close...].split(separator: " ")
            guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return sum }
            return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// Measures what taking acknowledgments and counting units costs the loops, without what asking for the time does.
    private final class ThreadClock: Sendable {
        private let nanoseconds = Atomic<Int64>(0)
        private let calls = Atomic<Int64>(0)
        /// What is measured when nothing is done.
        private let idle: Int64

        init() {
            let rounds: Int64 = 20_000
            idle =
                (0..<rounds).reduce(0) { sum, _ in
                    let start = ThreadClock.now()
                    return sum + ThreadClock.now() - start
                } / rounds
        }

        var seconds: Double {
            Double(nanoseconds.load(ordering: .relaxed) - idle * calls.load(ordering: .relaxed)) / 1e9
        }

        func measure(_ work: () -> Void) {
            let start = ThreadClock.now()
            work()
            nanoseconds.add(ThreadClock.now() - start, ordering: .relaxed)
            calls.add(1, ordering: .relaxed)
        }

        private static func now() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }
    }

    private final class Service: PeerRequestHandler {
        private let exchange = Mutex<Exchange?>(nil)
        private let paid: PaidServing

        init(_ paid: PaidServing) { self.paid = paid }

        func attach(_ exchange: Exchange) { self.exchange.withLock { $0 = exchange } }

        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            paid.serve(request, on: eventLoop) ?? exchange.withLock { $0 }?.serve(request, on: eventLoop)
                ?? eventLoop.makeFailedFuture(PeerError(.unsupported, "Only paid blobs are served here"))
        }
    }
}
