import BlobStore
import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import Testing
import Wire

@testable import Exchange

@Suite("Providers that refuse", .serialized, .timeLimit(.minutes(1)))
struct BusyTests {
    private static let pause = Duration.milliseconds(20)
    private static let stall = Duration.seconds(1)

    /// A plan that wants blocks, and its only provider.
    private static func plan(window: Int) throws -> (FetchPlan, FetchPlan.Source) {
        let settings = FetchPlanTests.settings(window: window) {
            $0.stallTime = stall
            $0.busyPause = pause
        }
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, providers: 1, settings)
        plan.demand(0..<100)
        return (plan, try #require(sources.first))
    }

    /// What `source` is asked for now; nil if it is dropped.
    private static func step(_ plan: inout FetchPlan, _ source: FetchPlan.Source, at now: Duration) -> [Int]? {
        let actions = plan.actions(at: now)
        if actions.contains(.drop(source)) { return nil }
        return actions.compactMap { action in
            if case .ask(source, let block) = action { block } else { nil }
        }
    }

    @Test("A provider that is busy for the stall time is dropped then, and not before", arguments: [1, 8])
    func always(window: Int) throws {
        var (plan, source) = try BusyTests.plan(window: window)
        var now = Duration.zero
        var blocks = BusyTests.step(&plan, source, at: now)
        while let asked = blocks {
            try #require(now < .seconds(2))
            // Many refusals at the same time count once.
            for block in asked { plan.onBusy(block, from: source, at: now) }
            blocks = BusyTests.step(&plan, source, at: now)
            // The bytes of such answers are no progress, however many they are.
            plan.onProgress(of: source, byteCount: 1 << 20)
            guard blocks != nil else { break }
            now += BusyTests.pause
            blocks = BusyTests.step(&plan, source, at: now)
        }
        #expect(now >= BusyTests.stall - BusyTests.pause)
        #expect(now <= BusyTests.stall + BusyTests.pause)
        #expect(plan.isStuck)
    }

    @Test("A provider that lacks what it claims is dropped, however often it claims it anew", arguments: [1, 8])
    func empty(window: Int) throws {
        var (plan, source) = try BusyTests.plan(window: window)
        var asked = 0
        while let blocks = BusyTests.step(&plan, source, at: .zero) {
            try #require(!blocks.isEmpty && asked < FetchPlan.maxAbsences)
            asked += blocks.count
            for block in blocks { plan.onAbsent(block, from: source) }
            let again = plan.add(source.node, at: .zero)
            #expect(again == source)
        }
        #expect(asked == FetchPlan.maxAbsences)
        #expect(plan.isStuck)
    }

    @Test("A block makes up for blocks that are not there")
    func gaps() throws {
        var (plan, source) = try BusyTests.plan(window: 1)
        for turn in 0..<90 {
            let block = try #require(BusyTests.step(&plan, source, at: .zero)?.first, "turn \(turn)")
            if turn % FetchPlan.maxAbsences == 0 {
                plan.deliver(block, from: source)
            } else {
                plan.onAbsent(block, from: source)
            }
        }
        #expect(plan.sources == [source])
    }

    @Test("A block now and then makes up for any number of refusals")
    func sometimes() throws {
        var (plan, source) = try BusyTests.plan(window: 1)
        var now = Duration.zero
        for turn in 0..<500 {
            let asked = try #require(BusyTests.step(&plan, source, at: now), "turn \(turn)")
            for block in asked {
                if turn % 40 == 39 {
                    plan.deliver(block, from: source, at: now)
                } else {
                    plan.onBusy(block, from: source, at: now)
                }
            }
            now += BusyTests.pause
        }
        #expect(plan.sources == [source])
    }

    @Test("Refusals with long rests between them, in which nothing is wanted, are no busy time")
    func rests() throws {
        let settings = FetchPlanTests.settings(window: 1) { $0.stallTime = BusyTests.stall }
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, providers: 1, settings)
        let source = try #require(sources.first)
        for turn in 0..<40 {
            let now = Duration.seconds(turn * 10)
            plan.want(turn, reader: turn)
            let asked = try #require(BusyTests.step(&plan, source, at: now), "turn \(turn)")
            for block in asked { plan.onBusy(block, from: source, at: now) }
        }
        #expect(plan.sources == [source])
    }

    @Test("Refusals do not hide that another request gets no answer")
    func hidden() throws {
        var (plan, source) = try BusyTests.plan(window: 8)
        let asked = try #require(BusyTests.step(&plan, source, at: .zero))
        var now = Duration.zero
        for block in asked.dropFirst() {
            now += BusyTests.stall / 2
            plan.onBusy(block, from: source, at: now)
            if BusyTests.step(&plan, source, at: now) == nil { break }
        }
        #expect(now == BusyTests.stall)
        #expect(plan.sources == [])
    }

    @Test(
        "A provider that refuses every block, for whatever reason it gives, is given up in bounded time",
        arguments: [PeerError.Code.busy, .cancelled, .timeout, .closed])
    func onlyProvider(reason: PeerError.Code) async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.refuse(reason)))
            var settings = ExchangeSettings.quick
            settings.stallTime = reason == .busy ? .milliseconds(200) : .seconds(50)
            settings.blockTimeout = .seconds(50)
            settings.searchTimeout = .milliseconds(500)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            let id = try await nodes[0].store.put(randomBytes(10 * blockBytes))
            let node = nodes[1]
            let outcome = await code(within: .seconds(10)) { try await node.exchange.fetchWhole(id) }
            #expect(outcome == "blob/unavailable")
        }
    }

    @Test(
        "Beside a provider that refuses everything the other one delivers",
        arguments: [PeerError.Code.busy, .cancelled])
    func another(reason: PeerError.Code) async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await ExchangeNode(ledger, answers: Lies.slow(.milliseconds(10))))
            nodes.append(try await ExchangeNode(ledger, answers: Lies.refuse(reason)))
            nodes.append(try await ExchangeNode(ledger))
            let bytes = randomBytes(40 * blockBytes)
            let id = try await nodes[0].store.put(bytes)
            _ = try await nodes[1].store.put(bytes)
            let node = nodes[2]
            #expect(await code(within: .seconds(20)) { try await node.exchange.fetchWhole(id) } == nil)
            #expect(try await node.holdsDurably(id, bytes))
        }
    }
}
