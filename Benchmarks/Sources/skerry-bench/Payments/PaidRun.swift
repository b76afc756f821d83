import ArgumentParser
import Blake3
import Channels
import Exchange
import Foundation
import Identity
import Ledger
import NIOCore
import NIOPosix
import Stark

/// Paid delivery between two processes over loopback mutual TLS: units of 128 KiB, each acknowledged by a link, each
/// acknowledgment on the provider's disk, each unit on the reader's.
struct PaidRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paid", abstract: "Fetches a blob from a provider that is paid for each 128 KiB, for some time.")

    @Option(help: "Seconds, 1 to 600.") var seconds = 60
    @Option(help: "Units a second that are asked for at most; 0 for as many as come.") var rate = 10_500
    @Option(help: "Size of each of two blobs, which are fetched again and again, in MiB, 1 to 4,096.") var mib = 128
    @Flag(help: "The reader forgets what it read instead of storing it durably.") var forget = false
    @Flag(help: "Do not pay: the same run with a provider that gives everything away.") var unpaid = false

    func validate() throws {
        guard (1...600).contains(seconds), (0...1_000_000).contains(rate), (1...4_096).contains(mib) else {
            throw ValidationError("--seconds, --rate and --mib must be in their ranges")
        }
    }

    func run() async throws {
        let folder = try WorkFolder()
        try folder.requireSpace(mib: 4 * mib)
        let cast = try Cast()
        let sources = PaidTerms.sources(mib: mib)
        let terms = try PaidTerms.make(cast, units: UInt64(min(max(rate, 20_480) * (seconds + 10), 1 << 24)))
        var arguments = ["provide-paid", "--mib", "\(mib)", "--folder", folder.file("provider")]
        arguments += ["--anchor", Digest(terms.chain.anchor.bytes)?.hex ?? "", "--units", "\(terms.chain.unitCount)"]
        arguments += ["--expires", "\(terms.expires)"] + (unpaid ? ["--unpaid"] : [])
        let provider = try ChildProcess(arguments)
        guard let port = Int(try provider.line()) else { throw BenchError("the provider did not say its port") }
        cast.register(1, port: port)
        let reader = try await PaidReader(cast, folder: folder.file("reader"), terms: terms)
        for source in sources { try await reader.warmUp(source.hashed().id, source) }
        let before = try PaidReport(try ask(provider))
        var delivered = 0
        let sample = try await Sample.timed(Double(seconds), processes: [provider.id]) {
            delivered =
                forget
                ? try await reader.read(
                    sources[0].hashed().id, sources[0], for: .seconds(seconds), unitsPerSecond: rate)
                : try await reader.store(sources, for: .seconds(seconds), unitsPerSecond: rate)
        }
        try await Task.sleep(for: .milliseconds(500))
        let after = try PaidReport(try ask(provider))
        show(delivered, sample, PaidReport(from: before, to: after))
        await reader.stop()
        provider.stop()
    }

    private func ask(_ provider: ChildProcess) throws -> String {
        try provider.tell("report")
        return try provider.line()
    }

    private func show(_ delivered: Int, _ sample: Sample, _ report: PaidReport) {
        let seconds = sample.seconds
        print(
            "== \(unpaid ? "unpaid" : "paid") delivery for \(Table.number(seconds)) s, two processes, loopback mutual TLS 1.3; "
                + "the aim is 10,240 acknowledgments a second on the disk, for less than 5 % of the provider's CPU"
        )
        func row(_ name: String, _ value: Double, _ unit: String) {
            print("  \(name): \(Table.number(value)) \(unit)")
        }
        let kept = forget ? "" : ", durable at the reader"
        row("units of 128 KiB delivered, verified\(kept)", Double(delivered) / seconds, "a second")
        row("bytes", Double(delivered) / 8 / seconds, "MiB/s")
        row("acknowledgments taken", Double(report.acknowledged) / seconds, "a second")
        row("acknowledgments on the disk", Double(report.durable) / seconds, "a second")
        row("CPU of both processes", sample.cpuSeconds / seconds, "cores")
        row("CPU of the provider", report.cpuSeconds / seconds, "cores")
        let acks = report.meterSeconds + report.writerSeconds
        row(
            "  of it checking and recording acknowledgments",
            1e6 * report.meterSeconds / Double(max(1, report.acknowledged)), "µs each")
        row(
            "  of it the thread that writes them", 1e6 * report.writerSeconds / Double(max(1, report.durable)),
            "µs each")
        row("  both together", 100 * acks / max(report.cpuSeconds, 1e-9), "% of the provider's CPU")
        row("  both together", 100 * acks / seconds, "% of a core")
    }
}

/// The channel that pays, and its chain.
struct PaidTerms {
    let chain: PayerChain
    let channel: ChannelID
    let expires: Int64

    /// The account that pays is the reader's key.
    static func make(_ cast: Cast, units: UInt64) throws -> PaidTerms {
        let expires = Int64(Date().timeIntervalSince1970 * 1000) + 86_400_000
        let plan = try ChannelPlan(
            key: cast.keys[0], network: network, payee: cast.node(1), nonce: 1, expiresMilliseconds: expires,
            purchases: [.init(commodity: .bytes, unitPrice: 1, maxUnits: units)])
        guard let chain = plan.chains[.bytes] else { throw BenchError("the plan has no chain") }
        return PaidTerms(chain: chain, channel: id(anchor: chain.anchor.bytes), expires: expires)
    }

    /// Every process calls the channel by its anchor.
    static func id(anchor: [UInt8]) -> ChannelID { ChannelID(Blake3.hash(anchor)) }

    /// What is delivered.
    static func sources(mib: Int) -> [BlockSource] { [BlockSource(mib: mib), BlockSource(mib: mib, seed: 2)] }

    static let network = NetworkID(Blake3.hash(Array("skerry benchmark".utf8)))
}

/// What a provider says of itself: one line of numbers.
struct PaidReport {
    var acknowledged: UInt64
    var durable: UInt64
    var cpuSeconds: Double
    /// Processor time of taking acknowledgments, and of the thread that writes them.
    var meterSeconds: Double
    var writerSeconds: Double

    init(_ line: String) throws {
        let parts = line.split(separator: " ")
        guard parts.count == 5, let acknowledged = UInt64(parts[0]), let durable = UInt64(parts[1]),
            let cpu = Double(parts[2]), let meter = Double(parts[3]), let writer = Double(parts[4])
        else { throw BenchError("the provider reported \"\(line)\"") }
        (self.acknowledged, self.durable) = (acknowledged, durable)
        (cpuSeconds, meterSeconds, writerSeconds) = (cpu, meter, writer)
    }

    init(acknowledged: UInt64, durable: UInt64, cpuSeconds: Double, meterSeconds: Double, writerSeconds: Double) {
        self.acknowledged = acknowledged
        self.durable = durable
        self.cpuSeconds = cpuSeconds
        self.meterSeconds = meterSeconds
        self.writerSeconds = writerSeconds
    }

    init(from before: PaidReport, to after: PaidReport) {
        self.init(
            acknowledged: after.acknowledged - before.acknowledged, durable: after.durable - before.durable,
            cpuSeconds: after.cpuSeconds - before.cpuSeconds, meterSeconds: after.meterSeconds - before.meterSeconds,
            writerSeconds: after.writerSeconds - before.writerSeconds)
    }

    var line: String { "\(acknowledged) \(durable) \(cpuSeconds) \(meterSeconds) \(writerSeconds)" }
}
