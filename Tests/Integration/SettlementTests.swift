import AsyncHTTPClient
import Blake3
import Channels
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Logging
import NIOCore
import Peering
import Stark
import Testing

/// Channels on a network of real processes: opened by a payer, acknowledged, settled through each lane by the node.
///
/// Some units are fetched and paid over the peer port. Of others the payer hands acknowledgments to the payee's log while
/// the node is stopped, so that they are settled after a restart, from what is on the disk.
@Suite("Settling on a network", .serialized)
struct SettlementTests {
    private struct Key: Decodable { var account: String }
    private struct Opened: Decodable {
        var channel: String
        var deposit: UInt64
    }
    private struct Closed: Decodable {
        var endMilliseconds: Int64?
        var refund: UInt64?
    }
    private struct NodeReport: Decodable { var status: NodeStatus }

    /// A payer with channels to one node, and what that needs.
    private final class Scene {
        let network: TestNetwork
        let payerFile: String
        let payer: SigningKey
        let node: TestNetwork.Status.Node
        let operatorAccount: String
        private var channels: [ChannelID: (plan: ChannelPlan, chain: PayerChain)] = [:]

        init(_ network: TestNetwork, node: TestNetwork.Status.Node) async throws {
            self.network = network
            self.node = node
            payerFile = network.folder + "/payer.key"
            let mine: Key = try await network.expectSuccess("account", "show", "--json").json()
            operatorAccount = mine.account
            let key: Key = try await network.expectSuccess("account", "new", payerFile, "--json").json()
            payer = try KeyFile.load(payerFile)
            try await network.expectSuccess("account", "transfer", key.account, "100000")
        }

        func balance(_ account: String) async throws -> UInt64 {
            let info: AccountInfo = try await network.expectSuccess("account", "balance", account, "--json").json()
            return info.balance
        }

        func open(units: UInt64, price: UInt64) async throws -> ChannelID {
            let opened: Opened = try await network.expectSuccess(
                "channels", "open", "--payee", node.id, "--units", "\(units)", "--price", "\(price)", "--key",
                payerFile,
                "--json"
            ).json()
            #expect(opened.deposit == units * price)
            return try #require(ChannelID(opened.channel))
        }

        /// The ledger as the node has it, replayed from its entries.
        func ledger() async throws -> LedgerState {
            let genesis = try Genesis(decoding: Data(contentsOf: URL(fileURLWithPath: node.data + "/genesis")))
            var state = LedgerState(genesis: genesis)
            let head = try await network.head(node).sequence
            while state.sequence < head {
                let response = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: node.control + "/api/v1/ledger/entries?from=\(state.sequence + 1)"),
                    timeout: .seconds(20))
                let body = try await response.body.collect(upTo: 8 << 20)
                let frames = try #require(
                    ByteFrames.decode(Data(body.readableBytesView), maxFrameBytes: Entry.maxByteCount))
                for frame in frames { try state.apply(Entry(decoding: frame)) }
            }
            return state
        }

        /// Makes a channel's chain again from the note beside the key.
        private func chain(_ id: ChannelID, _ network: NetworkID) throws -> PayerChain {
            if let known = channels[id] { return known.chain }
            struct Note: Decodable {
                struct Purchase: Decodable {
                    var unitPrice: UInt64
                    var maxUnits: UInt64
                }
                var nonce: UInt64
                var expiresMilliseconds: Int64
                var purchases: [Purchase]
            }
            let path = self.network.folder + "/channels/\(id).json"
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let note = try JSONDecoder().decode(Note.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
            let payee = try #require(NodeID(node.id))
            let plan = try ChannelPlan(
                key: payer, network: network, payee: payee, nonce: note.nonce,
                expiresMilliseconds: note.expiresMilliseconds,
                purchases: note.purchases.map {
                    .init(commodity: .bytes, unitPrice: $0.unitPrice, maxUnits: $0.maxUnits)
                })
            let chain = try #require(plan.chains[.bytes])
            channels[id] = (plan, chain)
            return chain
        }

        /// Acknowledges units in the payee's own ledger: by links, or by one voucher. The node must be stopped.
        func acknowledge(_ state: LedgerState, links: [(ChannelID, UInt64)], voucher: (ChannelID, UInt64)? = nil)
            async throws
        {
            let key = try KeyFile.load(node.data + "/key")
            let payee = try PayeeLedger(folder: node.data + "/payments", key: key, network: state.networkID)
            let holder = payer.publicKey.node
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            func session(_ id: ChannelID) throws -> SessionOpened {
                let grant = SessionGrant(network: state.networkID, channel: id, holder: holder, milliseconds: now)
                return try payee.open(
                    SessionOpening(
                        channel: id, commodity: .bytes, grantMilliseconds: now, grant: grant.sign(with: payer)),
                    record: state.channel(id), holder: holder, at: now)
            }
            for (id, units) in links {
                let opened = try session(id)
                var chain = try chain(id, state.networkID)
                try chain.resume(from: opened.last)
                var left = units
                while left > 0 {
                    let step = min(left, 64)
                    let link = try chain.reveal(step)
                    let added = try payee.acknowledge(SessionAck(session: opened.session, link: link), holder: holder)
                    #expect(added == step)
                    left -= step
                }
                channels[id]?.chain = chain
            }
            if let (id, units) = voucher {
                let opened = try session(id)
                let voucher = Voucher(network: state.networkID, channel: id, commodity: .bytes, units: units)
                let signed = PayeeChannel.SignedVoucher(units: units, signature: try voucher.sign(with: payer))
                _ = try payee.take(SessionVoucher(session: opened.session, voucher: signed), holder: holder)
            }
            try await payee.flush()
            payee.close()
        }

        /// Fetches a new blob of so many bytes from the node, and pays for it.
        func fetch(_ byteCount: Int, paying id: ChannelID) async throws {
            let file = try network.randomFile("paid.bin", byteCount: byteCount)
            let printed = try await network.expectSuccess("blob", "add", file, "--node", "3").output
            let text = printed.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: " ")[0]
            let blob = try #require(BlobID(String(text)))
            let state = try await ledger()
            let record = try #require(NodeID(node.id).flatMap { state.node($0) })
            let fetcher = try PayingFetcher(
                key: payer, network: state.networkID,
                sources: [
                    .init(
                        key: record.publicKey,
                        endpoint: PeerEndpoint(host: record.peer.host, port: Int(record.peer.port)))
                ],
                payments: [
                    .init(
                        channel: id, payee: record.id, chain: try chain(id, state.networkID),
                        unitPrice: try #require(state.channel(id)?.chains.first?.unitPrice))
                ],
                folder: network.folder + "/paid",
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            do {
                try await fetcher.fetch(blob)
            } catch {
                try? await fetcher.close()
                throw error
            }
            try await fetcher.close()
        }

        /// Stops the network, acknowledges, starts it again and has the node settle.
        func acknowledgeAndSettle(
            links: [(ChannelID, UInt64)], voucher: (ChannelID, UInt64)? = nil
        ) async throws -> EarningsInfo {
            let state = try await ledger()
            try await network.expectSuccess("down")
            try await acknowledge(state, links: links, voucher: voucher)
            try await network.expectSuccess("up", "--detach")
            return try await network.expectSuccess("channels", "settle", "--node", "3", "--json").json()
        }

        func settled(_ id: ChannelID) async throws -> UInt64? {
            let channels: [ChannelInfo] = try await network.expectSuccess(
                "channels", "list", "--payee", node.id, "--json"
            ).json()
            return channels.first { $0.id == id.description }?.settled
        }
    }

    @Test("Each lane pays what was acknowledged, after restarts, and no unit is made or lost", .timeLimit(.minutes(5)))
    func lanes() async throws {
        try await TestNetwork.with(nodes: 3) { network in
            let nodes = try await network.status().nodes
            try set(
                ["revealSteps": 150, "settleSeconds": 3_600, "proofRowsLog2": 10], in: nodes[2].data + "/node.json")
            let scene = try await Scene(network, node: nodes[2])
            try await network.expectFailure(
                "channels", "open", "--units", "1", "--expires", "9223372036854775s", saying: "at most 366d")
            let ids = [
                try await scene.open(units: 1_000, price: 3), try await scene.open(units: 500, price: 2),
                try await scene.open(units: 900, price: 1), try await scene.open(units: 700, price: 5),
            ]
            let (earned, paid) = (
                try await scene.balance(scene.operatorAccount),
                try await scene.balance(scene.payer.publicKey.account.hex)
            )
            #expect(paid == 100_000 - 3_000 - 1_000 - 900 - 3_500)
            let supply: ParameterList = try await network.expectSuccess("network", "params", "--json").json()

            // Links: 50 blocks are fetched and paid with 100 units, which are revealed.
            try await scene.fetch(50 * 262_144, paying: ids[0])
            let revealed: EarningsInfo = try await network.expectSuccess(
                "channels", "settle", "--node", "3", "--json"
            ).json()
            #expect(revealed.settledUnits == 100 && revealed.settledValue == 300)
            #expect(revealed.proverSeconds == 0)
            #expect(try await scene.balance(scene.operatorAccount) == earned + 300)

            // A voucher.
            let vouched = try await scene.acknowledgeAndSettle(links: [], voucher: (ids[1], 250))
            #expect(vouched.settledValue == 500)
            #expect(try await scene.settled(ids[1]) == 500)

            // A proof of three chains; that on the first goes on behind the revealed link. 1,250 steps and 1,023 fit.
            let proven = try await scene.acknowledgeAndSettle(
                links: [(ids[0], 300), (ids[2], 640), (ids[3], 310)])
            #expect(proven.settledUnits == 1_250)
            #expect(proven.settledValue == 900 + 640 + 1_550)
            #expect(proven.proverSeconds > 0)
            let total = UInt64(300 + 500 + 900 + 640 + 1_550)
            #expect(try await scene.balance(scene.operatorAccount) == earned + total)

            // Settled again there is nothing to pay.
            let again: EarningsInfo = try await network.expectSuccess(
                "channels", "settle", "--node", "3", "--json"
            ).json()
            #expect(again.settledValue == proven.settledValue && again.pendingUnits == 0)
            try await checkEarnings(network, proven)
            try await network.expectFailure(
                "channels", "settle", "--node", "3", "--key", scene.payerFile, saying: "settlement/not-operator")

            // Every node hashes the settled batches again, and finds them true.
            for node in nodes.indices {
                try await eventually("node \(node + 1) hashed the batches again") {
                    let report: NodeReport = try await network.expectSuccess(
                        "node", "status", "--node", "\(node + 1)", "--json"
                    ).json()
                    let earnings = try #require(report.status.earnings)
                    #expect(earnings.falseBatches == 0)
                    return earnings.rehashedBatches >= 1
                }
            }
            try await checkProofs(network, scene)

            // The payee closes: what is left goes back, and nothing was made or lost.
            let (payer, payee) = (scene.payer.publicKey.account.hex, scene.operatorAccount)
            print("| account | channels open | settled |")
            print("| payer | \(paid) | \(try await scene.balance(payer)) |")
            print("| payee's operator | \(earned) | \(try await scene.balance(payee)) |")
            for id in ids {
                let closed: Closed = try await network.expectSuccess(
                    "channels", "close", id.description, "--node", "3", "--json"
                ).json()
                #expect(closed.refund != nil)
            }
            #expect(try await scene.balance(scene.payer.publicKey.account.hex) == 100_000 - total)
            #expect(try await scene.balance(scene.operatorAccount) == earned + total)
            let after: ParameterList = try await network.expectSuccess("network", "params", "--json").json()
            #expect(after.supply == supply.supply)
            print("closed: payer \(try await scene.balance(payer)), payee's operator \(try await scene.balance(payee))")
            try await network.expectSuccess("ledger", "replay")
        }
    }

    /// That node 3, which was started before its last settlement, says what that paid: in its status and in `/metrics`.
    private func checkEarnings(_ network: TestNetwork, _ earnings: EarningsInfo) async throws {
        let printed = try await network.expectSuccess("node", "status", "--node", "3").output
        #expect(printed.contains("for \(earnings.settledUnits) units, in \(earnings.batches) settlements"))
        let node = try #require(try await network.status().nodes.last)
        let lines = try await network.request(node, "/metrics").text.split(separator: "\n")
        func sum(_ name: String, _ labels: String...) -> Double {
            let found = lines.filter { line in
                (line.hasPrefix(name + " ") || line.hasPrefix(name + "{")) && labels.allSatisfy { line.contains($0) }
            }
            return found.compactMap { Double($0.split(separator: " ").last ?? "") }.reduce(0, +)
        }
        #expect(sum("skerry_settlement_units_total") == Double(earnings.settledUnits))
        #expect(sum("skerry_settlement_value_total") == Double(earnings.settledValue))
        #expect(sum("skerry_settlement_pending_units") == 0)
        #expect(sum("skerry_settlement_prover_steps_total") > 0)
        let batches = sum("skerry_settlement_batches_total", "lane=\"proof\"", "outcome=\"applied\"")
        #expect(batches >= 1 && batches <= Double(earnings.batches))
        #expect(sum("skerry_settlement_batches_total", "outcome=\"disbelieved\"") == 0)
    }

    @Test("A settlement in a file is measured and verified without a network, and refused once its proof is changed")
    func files() async throws {
        struct Bench: Decodable {
            var steps: Int
            var stepsPerSecond: Double
            var proofBytes: Int
            var crossoverSteps: Double
        }
        struct Verified: Decodable {
            struct Claim: Decodable {
                var steps: Int
                var rehashed: Bool?
            }
            var claims: [Claim]
            var isValid: Bool
            var problem: String?
            var proofBytes: Int
        }
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let file = network.folder + "/settlement"
        let bench: Bench = try await network.expectSuccess(
            "proofs", "bench", "--rows", "1024", "--channels", "10", "--rounds", "2", "--out", file, "--json"
        ).json()
        #expect(bench.steps > 900 && bench.steps < 1_024)
        #expect(bench.stepsPerSecond > 0 && bench.crossoverSteps > 0)

        let verified: Verified = try await network.expectSuccess("proofs", "verify", file, "--rehash", "--json").json()
        #expect(verified.isValid && verified.problem == nil && verified.proofBytes == bench.proofBytes)
        #expect(verified.claims.count == 10 && verified.claims.allSatisfy { $0.rehashed == true })
        #expect(verified.claims.reduce(0) { $0 + $1.steps } == bench.steps)
        #expect(try await network.expectSuccess("proofs", "verify", file).output.contains("OK"))

        // Signed again, with another bit in the middle of the proof.
        let original = try Data(contentsOf: URL(fileURLWithPath: file))
        let transaction = try SignedTransaction(decoding: original)
        guard case .settleChannels(let settlements, let proof) = transaction.action else {
            Issue.record("the file settles nothing")
            return
        }
        var changed = [UInt8](proof)
        changed[changed.count / 2] ^= 1
        let builder = TransactionBuilder(networkID: transaction.networkID, key: SigningKey(), as: .node)
        let signed = try builder.sign(.settleChannels(settlements, proof: Data(changed)), nonce: 1)
        try signed.bytes.write(to: URL(fileURLWithPath: file))
        let refused = try await network.run(["proofs", "verify", file, "--json"])
        #expect(refused.status != 0)
        let report: Verified = try refused.json()
        #expect(!report.isValid && report.problem != nil)
        #expect(try await network.run(["proofs", "verify", file]).output.contains("NOT VALID"))

        // Cut off, changed behind the signature, and no settlement at all.
        var damaged = [UInt8](original)
        damaged[damaged.count / 2] ^= 1
        for bytes in [Data(original.dropLast(1)), Data(damaged), Data([1, 2, 3]), Data()] {
            try bytes.write(to: URL(fileURLWithPath: file))
            #expect(try await network.run(["proofs", "verify", file]).status != 0)
        }
    }

    /// `skerry proofs verify` on the settlements that the ledger has.
    private func checkProofs(_ network: TestNetwork, _ scene: Scene) async throws {
        struct Report: Decodable {
            struct Claim: Decodable {
                var steps: UInt64
                var rehashed: Bool?
            }
            var claims: [Claim]
            var isValid: Bool
            var proofBytes: Int
        }
        let head = try await network.head(scene.node).sequence
        var found = 0
        for sequence in 1...head {
            let entry: EntryInfo = try await network.get(scene.node, "/api/v1/ledger/entries/\(sequence)")
            for transaction in entry.transactions where transaction.arguments.contains(where: { $0.name == "proof" }) {
                let report: Report = try await network.expectSuccess(
                    "proofs", "verify", transaction.id, "--rehash", "--json"
                ).json()
                #expect(report.isValid && report.claims.allSatisfy { $0.rehashed == true })
                #expect(report.proofBytes > 10_000)
                found += 1
            }
        }
        #expect(found >= 1)
    }

    @Test(
        "With the proof lane switched off, links carry everything; a payer's closing is settled before its end",
        .timeLimit(.minutes(5)))
    func withoutProofs() async throws {
        try await TestNetwork.with(nodes: 3) { network in
            let nodes = try await network.status().nodes
            try set(["revealSteps": 150, "settleSeconds": 3_600], in: nodes[2].data + "/node.json")
            try await network.expectSuccess("network", "params", "set", "settlement_bytes", "0")
            try await network.expectSuccess("network", "params", "set", "channel_steps_per_reveal", "200")
            let scene = try await Scene(network, node: nodes[2])
            let id = try await scene.open(units: 2_000, price: 1)
            let earnings = try await scene.acknowledgeAndSettle(links: [(id, 700)])
            #expect(earnings.settledValue == 700 && earnings.proverSeconds == 0)

            // 300 more are acknowledged, and the payer closes: the node settles without being asked.
            let state = try await scene.ledger()
            try await network.expectSuccess("down")
            try await scene.acknowledge(state, links: [(id, 300)])
            try await network.expectSuccess("up", "--detach")
            #expect(try await scene.settled(id) == 700)
            let closing: Closed = try await network.expectSuccess(
                "channels", "close", id.description, "--key", scene.payerFile, "--json"
            ).json()
            #expect(closing.endMilliseconds != nil && closing.refund == nil)
            try await eventually("the node settles what is closing") { try await scene.settled(id) == 1_000 }
            try await network.expectFailure(
                "channels", "close", id.description, "--key", scene.payerFile, saying: "ledger/channel-state")
        }
    }

    @Test(
        "Where the network asks for it, nodes pay each other for blocks, out of their own accounts",
        .timeLimit(.minutes(5)))
    func nodesPay() async throws {
        try await TestNetwork.with(nodes: 3) { network in
            func status(_ node: Int) async throws -> NodeStatus {
                let report: NodeReport = try await network.expectSuccess(
                    "node", "status", "--node", "\(node)", "--json"
                ).json()
                return report.status
            }
            try await network.expectSuccess("network", "params", "set", "nodes_pay", "1")
            let path = try network.randomFile("shared.bin", byteCount: 20 * 262_144)
            let printed = try await network.expectSuccess("blob", "add", path, "--node", "3").output
            let text = printed.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: " ")[0]
            let copy = network.folder + "/copy.bin"
            let get = ["blob", "get", String(text), "--node", "2", "-o", copy]
            #expect(try await network.run(get).status != 0, "node 2 has no money")

            let account = try #require(try await status(2).spending?.account)
            try await network.expectSuccess("account", "transfer", account, "50000")
            // A node that could not be paid is left alone for half a minute.
            try await eventually(within: 120, "node 2 pays node 3") { try await network.run(get).status == 0 }
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(contentsOf: URL(fileURLWithPath: path)))
            try await eventually("node 3 is paid for 20 blocks") {
                try await status(3).earnings?.acknowledgedUnits ?? 0 >= 40
            }
            let spending = try #require(try await status(2).spending)
            #expect(spending.bytesUnits >= 40 && spending.channels >= 1)
            #expect(spending.balance < 50_000)
            let settled: EarningsInfo = try await network.expectSuccess(
                "channels", "settle", "--node", "3", "--json"
            ).json()
            #expect(settled.settledUnits >= 40)
        }
    }

    /// Puts payment settings into a node's configuration; they hold from its next start.
    private func set(_ settings: [String: Int], in path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var configuration = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        configuration["payments"] = settings
        try JSONSerialization.data(withJSONObject: configuration).write(to: URL(fileURLWithPath: path))
    }
}

extension AccountID {
    fileprivate var hex: String { description }
}
