import AckProofs
import ArgumentParser
import Blake3
import Foundation
import Identity
import Ledger
import Stark

/// An hour's acknowledgments of one node, proven in batches and settled on a ledger: whether proving keeps up with them, and
/// what the ledger and every validator have to do for it; `Benchmarks/run <folder> ack-hour`.
struct AckHour: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack-hour",
        abstract:
            "Proves and settles so many minutes of acknowledgments at a rate, batch by batch, on a ledger in memory.")

    @Option(help: "Minutes of acknowledgments, 1 to 120.") var minutes = 60
    @Option(help: "Acknowledgments a second, 1,000 to 1,000,000.") var rate = 10_240
    @Option(help: "Channels that share them, 1 to 1,000.") var channels = 1_000
    @Option(help: "Logarithm of a batch's rows, 12 to 18.") var logRows = 16
    @Option(help: "Threads of the prover, 1 to 256.") var threads = 2

    func validate() throws {
        guard (1...120).contains(minutes), (1_000...1_000_000).contains(rate), (1...1_000).contains(channels),
            (12...18).contains(logRows), (1...256).contains(threads)
        else {
            throw ValidationError("--minutes, --rate, --channels, --log-rows and --threads must be in their ranges")
        }
    }

    /// Links of each chain that a batch settles.
    private var stretch: Int { ((1 << logRows) - 1) / channels }
    private var batches: Int { (rate * 60 * minutes + stretch * channels - 1) / (stretch * channels) }
    /// In which the acknowledgments of a batch come in.
    private var interval: Double { Double(stretch * channels) / Double(rate) }

    func run() async throws {
        let steps = batches * stretch * channels
        print(
            "== \(Table.number(Double(steps))) acknowledgments: \(minutes) min at \(Table.number(Double(rate))) a second, "
                + "\(channels) channels, \(batches) batches of \(Table.number(Double(stretch * channels))) steps, one each "
                + "\(String(format: "%.2f", interval)) s; \(threads) threads, kernels \(PoseidonLink.kernel)")
        var links: [[PoseidonLink]] = []
        let hashing = try await Sample.timed(Double(steps)) { links = try makeLinks() }
        print("  chains made in \(Table.number(hashing.seconds)) s")
        var network = try Network(anchors: links[batches], units: UInt64(batches * stretch), channels: channels)
        var result = Totals()
        let arena = ProverArena()
        for batch in 0..<batches {
            try await settle(batch, links, &network, arena, &result)
            if (batch + 1) % 50 == 0 { print("  \(batch + 1) of \(batches) batches") }
        }
        let paid = network.state.account(network.operatorKey.publicKey.account)?.balance ?? 0
        guard paid == UInt64(steps) else { throw BenchError("\(paid) units of money were paid for \(steps) units") }
        show(result, steps, arena.peakBytes)
    }

    private struct Totals {
        var proving: [Sample] = []
        var ledger: [Sample] = []
        var rehash: [Sample] = []
        var bytes = 0
        var proofBytes = 0
    }

    /// Link `batch × stretch` units in front of the newest of each chain, newest first: the last are the anchors.
    private func makeLinks() throws -> [[PoseidonLink]] {
        let tips = try (0..<channels).map { number in
            guard let tip = PoseidonLink(reducing: Blake3.hash(Array("hour \(number)".utf8)).bytes) else {
                throw BenchError("a digest makes no link")
            }
            return tip
        }
        var rows = [tips]
        for batch in 0..<batches {
            var next = rows[batch]
            PoseidonLink.advance(&next, by: stretch)
            rows.append(next)
        }
        return rows
    }

    private func settle(
        _ batch: Int, _ links: [[PoseidonLink]], _ network: inout Network, _ arena: ProverArena, _ result: inout Totals
    ) async throws {
        // From the anchors on: the rows are in the other order.
        let (old, new) = (links[batches - batch], links[batches - batch - 1])
        let settlements = network.ids.indices.map { index in
            Settlement(
                channel: network.ids[index], commodity: .bytes,
                lane: .proof(from: old[index], link: new[index], steps: UInt64(stretch)))
        }
        let claims = SettlementProof.claims(of: settlements)
        let context = SettlementProof.context(network: network.state.networkID, settlements: settlements)
        let work = Double(stretch * channels)
        var proof: [UInt8] = []
        let options = ProverOptions(threads: threads, arena: arena)
        result.proving.append(
            try await Sample.timed(work) { proof = try AckProof.prove(claims, context: context, options: options) })
        let entry = try network.entry(settlements, Data(proof))
        result.bytes += entry.bytes.count
        result.proofBytes = max(result.proofBytes, proof.count)
        var state = network.state
        result.ledger.append(
            try await Sample.timed(work) {
                guard try state.apply(entry).allSatisfy(\.isApplied) else {
                    throw BenchError("the ledger refused batch \(batch)")
                }
                _ = state.root
            })
        network.state = state
        result.rehash.append(
            try await Sample.timed(work) {
                guard LinkRehash.firstFalse(claims) == nil else { throw BenchError("batch \(batch) is false") }
            })
    }

    private func show(_ result: Totals, _ steps: Int, _ peakBytes: Int) {
        func sum(_ samples: [Sample], _ value: (Sample) -> Double) -> Double { samples.reduce(0) { $0 + value($1) } }
        func row(_ name: String, _ text: String) { print("  \(name): \(text)") }
        let time = Double(steps) / Double(rate)
        let proving = sum(result.proving, \.seconds)
        let slowest = zip(result.proving, result.ledger).map { $0.seconds + $1.seconds }.max() ?? 0
        row(
            "proved",
            "\(Table.number(Double(steps) / proving)) steps a second, \(Table.number(time / proving)) times as fast as they come"
        )
        func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        row(
            "slowest batch",
            "\(number(slowest, 2)) s proved and settled, of \(number(interval, 2)) s until the next is full: "
                + (slowest < interval ? "never behind" : "BEHIND"))
        row(
            "prover's CPU",
            "\(number(sum(result.proving, \.cpuSeconds) / time, 3)) cores on average over these minutes; buffers at most "
                + "\(peakBytes >> 20) MiB")
        row(
            "ledger, each node",
            "\(number(sum(result.ledger, \.cpuSeconds), 2)) s of CPU in all, "
                + "\(number(1e3 * Statistics.median(result.ledger.map(\.seconds)), 2)) ms a batch (median), "
                + "\(number(Double(result.bytes) / 1_048_576, 0)) MiB of entries, proofs up to \(result.proofBytes) bytes"
        )
        let rehash = sum(result.rehash, \.cpuSeconds)
        row(
            "hashed again in the background, each node",
            "\(number(rehash, 1)) s of CPU in all, \(number(100 * rehash / time, 3)) % of a core")
    }

    /// A ledger with one node that is paid, and its channels.
    private struct Network {
        let payer = SigningKey()
        let operatorKey = SigningKey()
        let node = SigningKey()
        var state: LedgerState
        private(set) var ids: [ChannelID] = []

        init(anchors: [PoseidonLink], units: UInt64, channels: Int) throws {
            var parameters = NetworkParameters()
            parameters.checkpointEntries = 1_000_000
            parameters.checkpointMilliseconds = 1 << 40
            let genesis = try Genesis(
                networkName: "hour", timeMilliseconds: 1_700_000_000_000, parameters: parameters,
                accounts: [
                    GenesisAccount(payer.publicKey.account, balance: 1 << 50),
                    GenesisAccount(operatorKey.publicKey.account, balance: 0),
                ],
                nodes: [
                    GenesisNode(
                        publicKey: node.publicKey, operatorAccount: operatorKey.publicKey.account,
                        peer: try Endpoint(host: "127.0.0.1", port: 7_000))
                ], sequencers: [node.publicKey.node])
            state = LedgerState(genesis: genesis)
            let builder = TransactionBuilder(networkID: genesis.networkID, key: payer)
            for (index, anchor) in anchors.enumerated() {
                let channel = NewChannel(
                    payee: node.publicKey.node, expiresMilliseconds: state.timeMilliseconds + 86_400_000,
                    chains: [.init(commodity: .bytes, anchor: anchor, unitPrice: 1, maxUnits: units)])
                let transaction = try builder.sign(.openChannel(channel), nonce: UInt64(index) + 1)
                try apply([transaction])
                ids.append(ChannelID(transaction.id))
            }
        }

        private mutating func apply(_ transactions: [SignedTransaction]) throws {
            let entry = try Entry(
                following: state, transactions: transactions, timeMilliseconds: state.timeMilliseconds, key: node)
            let refused = try state.apply(entry).first { !$0.isApplied }
            if let refused { throw BenchError("a channel was refused: \(refused)") }
        }

        /// The entry that settles, signed by the node.
        func entry(_ settlements: [Settlement], _ proof: Data) throws -> Entry {
            let builder = TransactionBuilder(networkID: state.networkID, key: node, as: .node)
            let transaction = try builder.sign(
                .settleChannels(settlements, proof: proof), nonce: state.nonce(of: builder.signer) + 1)
            return try Entry(
                following: state, transactions: [transaction], timeMilliseconds: state.timeMilliseconds, key: node)
        }
    }
}
