import Identity
import Ledger
import LedgerLog
import Synchronization
import Testing

/// What happens to a shared log while a follower reads it page by page.
@Suite(.timeLimit(.minutes(1))) struct PageTests {
    private struct Scene {
        let network: Network
        let shared: SharedLog
        let log: HookedLog
        let entries: [Entry]
        let keeper: LedgerKeeper

        /// A follower of a log with the first `known` of seven entries, which looks at it for hints only.
        init(known: Int) async throws {
            network = try Network(shared: true)
            shared = SharedLog(network)
            entries = try network.entries(["a", "b", "c", "d", "e", "f", "g"])
            shared.force(Array(entries[..<known]))
            log = HookedLog(shared.handle(network.follower.publicKey.node))
            var settings = LedgerKeeper.Settings()
            settings.pollInterval = .seconds(3_600)
            settings.retryPause = .seconds(3_600)
            keeper = try await network.open(
                network.follower, TemporaryFolder().log(network), shared: log, leadership: TestLeadership(),
                settings: settings)
        }

        var isLevel: Bool { keeper.failure == nil && keeper.state.headHash == shared.head.hash }
    }

    @Test func whatComesWhileAPageIsReadIsReadNext() async throws {
        let scene = try await Scene(known: 0)
        let left = Mutex(scene.entries[...])
        scene.log.onPage { [shared = scene.shared] page in
            if let next = left.withLock({ $0.popFirst() }) { shared.force([next]) }
            return page
        }
        let running = Task { [keeper = scene.keeper] in await keeper.run() }
        try await eventually { scene.keeper.sequence == 7 }
        #expect(scene.isLevel)
        running.cancel()
        await running.value
    }

    @Test func anEmptyPageIsReadOnceMoreWhereThereIsAnEntry() async throws {
        let scene = try await Scene(known: 4)
        let isFirst = Mutex(true)
        scene.log.onPage { page in
            isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst ? LogPage(entries: [], head: page.head) : page
            }
        }
        #expect(await scene.keeper.look(at: scene.log))
        #expect(scene.isLevel)
    }

    @Test func pagesThatLackWhatTheLogHasAreWrongAnswers() async throws {
        let scene = try await Scene(known: 4)
        scene.log.onPage { LogPage(entries: [], head: $0.head) }
        #expect(await !scene.keeper.look(at: scene.log))
        #expect(await !scene.keeper.look(at: scene.log))
        #expect(scene.keeper.failure == nil)
        #expect(await scene.keeper.look(at: scene.log))
        #expect(scene.keeper.failure?.code == .diverged)
        #expect(scene.keeper.sequence == 0)
    }

    @Test func aHeadThatIsOlderThanItsPageEndsNothing() async throws {
        let scene = try await Scene(known: 7)
        let old = LogHead(sequence: 1, hash: scene.entries[0].hash)
        scene.log.onPage { LogPage(entries: $0.entries, head: old) }
        #expect(await scene.keeper.look(at: scene.log))
        #expect(scene.isLevel)
    }

    @Test func whatPeersBringWhileAPageIsReadIsTakenOnce() async throws {
        let scene = try await Scene(known: 5)
        scene.log.onPage { [keeper = scene.keeper, entries = scene.entries] page in
            try await keeper.ingest(Array(entries[..<4]))
            return page
        }
        #expect(await scene.keeper.look(at: scene.log))
        #expect(scene.isLevel && scene.keeper.sequence == 5)
    }

    @Test func aPageThatNeverComesEndsWithTheReader() async throws {
        let scene = try await Scene(known: 3)
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        scene.log.onPage { page in
            ask.yield()
            try await Task.sleep(for: .seconds(3_600))
            return page
        }
        let running = Task { [keeper = scene.keeper] in await keeper.run() }
        for await _ in asked { break }
        running.cancel()
        await running.value
        #expect(scene.keeper.failure == nil && scene.keeper.sequence == 0)
        scene.log.onPage { $0 }
        #expect(await scene.keeper.look(at: scene.log))
        #expect(scene.isLevel)
    }
}
