import Channels
import Client
import ControlModel
import Foundation
import Functions
import Identity
import Ledger
import Logging
import NIOCore
import Peering
import Streams
import Testing

/// Functions on a network of real processes, called over the peer port by a client that pays.
@Suite("Calls that a client pays for, on a network", .serialized)
struct PaidCallsTests {
    private struct Key: Decodable { var account: String }

    private struct Opened: Decodable {
        var channel: String
        var larger: [Opened]?
    }

    private static let script = """
        export default { async fetch(request) {
          const url = new URL(request.url);
          if (url.pathname === "/fail") throw new Error("on purpose");
          if (url.pathname === "/spin") {
            let sum = 0;
            for (let round = 0; round < 3e7; round++) sum = (sum * 31 + round) | 0;
            return new Response("spun " + (sum === 0.5));
          }
          if (request.method === "POST") return new Response(request.body, { headers: { "x-host": url.host } });
          return new Response("for " + request.headers.get("x-forwarded-for"));
        } };
        """

    /// What a command said that a call cost.
    private func paid(_ result: CommandResult) throws -> (price: UInt64, units: UInt64) {
        let match = try #require(result.errors.firstMatch(of: /paid (\d+) units? for (\d+) of gas/), "\(result.errors)")
        return (try #require(UInt64(match.1)), try #require(UInt64(match.2)))
    }

    private func deploy(_ network: TestNetwork) async throws {
        // Until the engine has compiled it, on a busy machine, the loop takes more than the usual 500 ms.
        let manifest = "name = \"till\"\nkind = \"function\"\nentry = \"main.js\"\nlimits = \"large\"\n"
        try network.write(manifest, to: "till/skerry.toml")
        try network.write(PaidCallsTests.script, to: "till/main.js")
        try await network.expectSuccess("deploy", network.folder + "/till", "--no-probe")
    }

    /// A new account with money; its key's file.
    private func payer(_ network: TestNetwork) async throws -> String {
        let file = network.folder + "/payer/payer.key"
        try FileManager.default.createDirectory(
            atPath: network.folder + "/payer", withIntermediateDirectories: true)
        let key: Key = try await network.expectSuccess("account", "new", file, "--json").json()
        try await network.expectSuccess("account", "transfer", key.account, "100000")
        return file
    }

    @Test(
        "A command opens a channel, pays each call out of it, and the node settles what was paid",
        .timeLimit(.minutes(5)))
    func command() async throws {
        try await TestNetwork.with(nodes: 3) { network in
            try await deploy(network)
            let key = try await payer(network)
            func invoke(_ more: String...) async throws -> CommandResult {
                try await network.run(
                    ["functions", "invoke", "till", "--pay", "--key", key] + more)
            }
            let first = try await invoke("--path", "/with a space?and=ü")
            try #require(first.status == 0, "\(first.errors)")
            #expect(first.output == "for unknown" && first.errors.contains("opened channel"))
            var total = try paid(first)
            #expect(total.units >= 1 && total.price == total.units)

            let spun = try await invoke("--path", "/spin", "--include")
            #expect(spun.output == "spun false" && !spun.errors.contains("opened channel"), "\(spun.errors)")
            #expect(spun.errors.contains("skerry-receipt: "))
            let spinning = try paid(spun)
            #expect(spinning.units > 1)
            let large = String(repeating: "large ", count: 150_000)
            let echo = try await network.run(
                ["functions", "invoke", "till", "--pay", "--key", key, "--data", "@-"],
                input: Data(large.utf8))
            #expect(echo.status == 0 && echo.output == large, "\(echo.errors)")
            let echoed = try paid(echo)

            // What fails costs as well, and says no more than visitors are told.
            let failed = try await invoke("--path", "/fail")
            #expect(failed.status != 0 && failed.errors.contains("function/exception"), "\(failed.errors)")
            #expect(!failed.errors.contains("on purpose"))
            let failure = try paid(failed)
            // A limit below the price: the node takes as much, and keeps the answer.
            let limited = try await invoke("--path", "/spin", "--max-price", "1")
            #expect(limited.status != 0 && limited.errors.contains("function/gas-limit"), "\(limited.errors)")
            #expect(limited.output.isEmpty)
            let limit = try paid(limited)
            #expect(limit.price == 1 && limit.units == 1)
            let tooDear = try await invoke("--max-price", "0")
            #expect(tooDear.status != 0 && tooDear.errors.contains("client/price-too-high"), "\(tooDear.errors)")
            for bill in [spinning, echoed, failure, limit] {
                total.units += bill.units
                total.price += bill.price
            }

            let account = try KeyFile.load(key).publicKey.account.description
            func channels() async throws -> [ChannelInfo] {
                try await network.expectSuccess("channels", "list", "--payer", account, "--json").json()
            }
            let payee = try #require(try await channels().first?.payee)
            let earnings: EarningsInfo = try await network.expectSuccess(
                "channels", "settle", "--node", payee, "--json"
            ).json()
            #expect(earnings.settledUnits == total.units && earnings.settledValue == total.price)
            let settled = try await channels()
            #expect(settled.count == 1 && settled[0].settled == total.price)

            // Three more channels, whose links are worth 1, 64 and 4,096 units, pay together.
            let opened: Opened = try await network.expectSuccess(
                "channels", "open", "--radix", "--commodity", "compute", "--units", "20000", "--price", "1", "--payee",
                payee, "--key", key, "--json"
            ).json()
            let ids = [opened.channel] + (opened.larger ?? []).map(\.channel)
            #expect(ids.count == 3)
            let together = try await invoke("--path", "/spin")
            #expect(together.status == 0 && !together.errors.contains("opened channel"), "\(together.errors)")
            let bill = try paid(together)
            try await network.expectSuccess("channels", "settle", "--node", payee, "--json")
            let all = try await channels()
            let parts = try ids.map { id in try #require(all.first { $0.id == id }) }
            #expect(parts.map(\.deposit).reduce(0, +) == 20_000)
            #expect(parts.map(\.settled).reduce(0, +) == bill.price)
            #expect(parts[0].settled == bill.units % 64, "the larger channels paid the rest")
        }
    }

    @Test(
        "The SDK streams a body in and out, pays for it, and pays nobody who does not run the app",
        .timeLimit(.minutes(5)))
    func library() async throws {
        try await TestNetwork.with(nodes: 5) { network in
            try await deploy(network)
            let key = try KeyFile.load(try await payer(network))
            let nodes = try await network.status().nodes
            let ledger = LedgerClient(NodeClient(control: nodes[0].control, key: key))
            let app = try #require(AppName("till"))
            let serving = try await ledger.servingNodes(of: app)
            let payee = try #require(serving.first)
            let other = try #require(nodes.compactMap { NodeID($0.id) }.first { !serving.contains($0) })
            let genesis = try #require(NetworkID(try await ledger.head().network))
            var payments: [PayableChannel] = []
            for node in [payee, other] {
                let opened = try await ledger.openChannel(
                    to: node, for: [.init(commodity: .compute, unitPrice: 2, maxUnits: 1_000)],
                    lifetimeMilliseconds: 3_600_000, key: key, keep: { _ in }, forget: { _ in })
                #expect(opened.receipt.applied.contains(node.description))
                let chain = try #require(opened.channel.plan.chains[.compute])
                payments.append(PayableChannel(channel: opened.channel.id, payee: node, chain: chain, unitPrice: 2))
            }
            let providers = try await ledger.nodes().compactMap { PaidProvider($0) }
            let caller = try PayingCaller(
                key: key, network: genesis, providers: providers, payments: payments,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))

            let upload = ByteStream()
            let sending = Task {
                for _ in 0..<20 { try await upload.write(ByteBuffer(repeating: 65, count: 100_000)) }
                upload.finish()
            }
            let answer = try await caller.call(
                PayingCaller.Request(app: app, method: "POST", path: "/echo", body: .stream(upload)), at: payee,
                maxPrice: 1_000)
            #expect(try await answer.body.collect(limit: 4 << 20) == ByteBuffer(repeating: 65, count: 2_000_000))
            try await sending.value
            #expect(answer.bill.units >= 1 && answer.bill.price == 2 * answer.bill.units)
            #expect(caller.paidUnits == answer.bill.units)
            #expect(answer.headers.contains { $0.name == "x-host" && $0.value == "till.localhost" })

            do {
                _ = try await caller.call(PayingCaller.Request(app: app), at: other, maxPrice: 1_000)
                Issue.record("a node answered that does not run the app")
            } catch let failure as PayingCaller.Failure {
                #expect(failure.error.code == .unreachable && failure.error.message.contains(payee.description))
                #expect(failure.bill.units == 0)
            }
            await caller.close()
        }
    }
}
