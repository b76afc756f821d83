import FunctionServices
import Identity
import Logging
import Membership
import NIOCore
import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// Homes of an app, and what they tell each other.
extension NodeKV {
    /// Pages of one catching up at most: beyond the quota twice.
    private static let maxPages = 100_000
    /// Apps that are read from the store at once.
    private static let maxAppsAtOnce = 256
    /// Pages of another home's apps at most: 256 apps each.
    private static let maxLists = 1_000

    // MARK: Changes made here

    /// Makes a change as a home, and copies it. When this returns, it is on this node's disk and on that of each other home
    /// that is believed alive and answered in time.
    func put(
        _ key: String, _ entry: KVEntry, in namespace: String, of app: String, _ homes: KVHomes
    ) async throws {
        await copy(app, try await store.put(key, entry, in: namespace, of: app), homes)
    }

    /// As ``put(_:_:in:of:_:)``.
    func delete(_ key: String, in namespace: String, of app: String, _ homes: KVHomes) async throws {
        await copy(app, try await store.delete(key, in: namespace, of: app), homes)
    }

    private func copy(_ app: String, _ stamp: KVStamp?, _ homes: KVHomes) async {
        guard let stamp else { return }
        await withDiscardingTaskGroup { group in
            for home in homes.nodes where home != node && network.isUsable(home) {
                group.addTask {
                    let lane = self.lane(app, home)
                    if await lane.bring(stamp.clock) { return }
                    let reason = await lane.failure.map { "\($0)" } ?? "it has much to catch up with"
                    self.logger.info(
                        "a home has no copy of a change yet",
                        metadata: ["app": "\(app)", "home": "\(home.short)", "reason": "\(reason)"])
                }
            }
        }
    }

    private func lane(_ app: String, _ home: NodeID) -> KVLane {
        lanes.withLock { lanes in
            let key = LaneKey(app: app, node: home)
            if let lane = lanes[key] { return lane }
            if lanes.count >= settings.maxLanes { lanes = [:] }
            let incarnation = store.incarnation
            let writer = NodeKV.writer(of: node, incarnation: incarnation)
            let lane = KVLane(app: app, writer: writer, store: store) { [weak self] page, timeout in
                guard let self else { throw PeerError(.closed, "This node is shutting down") }
                var page = page
                page.incarnation = incarnation
                let applied: PeerPBKVApplied = try await self.ask(home, .kvPush, page, timeout: timeout)
                return applied.clock
            }
            lanes[key] = lane
            return lane
        }
    }

    // MARK: Catching up

    /// Whether this home is level with the others as far as anybody knows. It is looked at once, until homes change or
    /// come back.
    ///
    /// - Parameter wait: False only begins to catch up, unless there is nobody to catch up with.
    func catchUp(_ app: String, _ homes: KVHomes, wait: Bool) async -> Bool {
        let life = network.life
        if readiness.isReady(app, homes, life: life) { return true }
        let attempt = readiness.attempt(app, homes, life: life) { await self.pullAll(app, homes, life: life) }
        let isAlone = !homes.nodes.contains { $0 != node && network.isUsable($0) }
        return wait || isAlone ? await attempt.value : false
    }

    /// Asks other homes and former ones for what is lacking here: whether that makes this home level.
    ///
    /// A home that was level before needs the answer of one other home, if there is any alive. One that never was might
    /// hear from others that know as little: it needs one that was level, or what everybody has who is believed alive.
    private func pullAll(_ app: String, _ homes: KVHomes, life: UInt64) async -> Bool {
        let others = homes.nodes.filter { $0 != node && network.isUsable($0) }
        var isReady = others.isEmpty
        var isLevel = readiness.isSettled(app, life: life)
        var isComplete = true
        for other in others {
            let telling = await pull(app, from: other)
            if telling != .failed { isReady = true } else { isComplete = false }
            if telling == .level { isLevel = true }
        }
        for other in homes.former where other != node && network.isUsable(other) {
            if await pull(app, from: other) == .failed { isComplete = false }
        }
        // Those that still run offer what they have by themselves; here nobody else might know of it.
        if !isLevel {
            for other in homes.left where other != node { await pull(app, from: other) }
        }
        guard isReady, isLevel || isComplete else { return false }
        return (try? await store.takeBack(app)) != nil
    }

    /// How another node told what it has of an app.
    enum Telling {
        /// It did not tell everything.
        case failed
        case told
        /// So did a home that has been level with the others.
        case level
    }

    /// Takes over what another node has and this one lacks.
    @discardableResult
    func pull(_ app: String, from home: NodeID) async -> Telling {
        do {
            var seen = try await store.vector(of: app)
            for _ in 0..<NodeKV.maxPages {
                let answer = try await told(app, by: home, seen, isWhole: false)
                let telling = answer.isLevel ? Telling.level : .told
                guard let page = answer.page else {
                    try await readiness.copying(app) { try await copyWhole(app, from: home) }
                    return telling
                }
                let reached = try await store.merge(page.changes, spans: page.spans, of: app)
                if page.isComplete { return telling }
                guard reached != seen else { throw KVMessages.violation("a page that leads nowhere") }
                seen = reached
            }
            throw KVMessages.violation("changes without end")
        } catch {
            logger.info(
                "cannot catch up with a home",
                metadata: ["app": "\(app)", "home": "\(home.short)", "error": "\(error)"])
            return .failed
        }
    }

    private func copyWhole(_ app: String, from home: NodeID) async throws {
        try await store.beginCopy(of: app)
        var (reached, covered) = (KVVector(), KVVector?.none)
        for _ in 0..<NodeKV.maxPages {
            guard let page = try await told(app, by: home, reached, isWhole: true).page else {
                throw KVMessages.violation("no page of a whole copy")
            }
            try await store.merge(page.changes, spans: [], of: app, isMarking: true)
            let before = reached
            for span in page.spans { reached.take(span) }
            let known = covered ?? page.known
            covered = known
            if page.isComplete { return try await store.endCopy(of: app, covered: known, reached: reached) }
            guard reached != before else { throw KVMessages.violation("a page that leads nowhere") }
        }
        throw KVMessages.violation("changes without end")
    }

    /// A page of what another node has; nil if everything has to be copied.
    private func told(
        _ app: String, by home: NodeID, _ seen: KVVector, isWhole: Bool
    ) async throws -> (page: KVChangePage?, isLevel: Bool) {
        let question = PeerPBKVPull.with {
            $0.app = app
            $0.seen = seen.message
            $0.whole = isWhole
        }
        let answer: PeerPBKVChanges = try await ask(home, .kvPull, question)
        return (answer.tooOld ? nil : try KVChangePage(answer), answer.level)
    }

    // MARK: By itself

    /// Compares this node's stores with those of other homes, now and then and when one comes back, and hands over what it is
    /// no home of any more, until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await event in self.network.changes() where event.to.isUsable && !event.from.isUsable {
                    self.readiness.invalidate()
                    await self.compare(with: event.node)
                }
            }
            group.addTask {
                // Often at first: the others may be starting too.
                var pause = min(.seconds(1), self.settings.interval)
                while (try? await Task.sleep(for: pause)) != nil {
                    pause = min(pause * 2, self.settings.interval)
                    await self.compare()
                    await self.catchUpAll()
                }
            }
            group.addTask { await self.keepHandingOver() }
        }
    }

    /// Gets level with the other homes of everything that is here, so that this home can take over at once.
    private func catchUpAll() async {
        var after = ""
        while !Task.isCancelled, let apps = try? await store.apps(after: after, limit: NodeKV.maxAppsAtOnce),
            let last = apps.last
        {
            for app in apps {
                guard let homes = network.homes(of: app), homes.contains(node) else { continue }
                _ = await catchUp(app, homes, wait: true)
            }
            after = last
        }
    }

    /// Catches up with all other homes that are believed alive.
    func compare() async {
        for other in network.companions() where !Task.isCancelled { await compare(with: other) }
    }

    private func compare(with other: NodeID) async {
        guard network.isUsable(other), other != node else { return }
        var after = ""
        do {
            for _ in 0..<NodeKV.maxLists {
                let question = PeerPBKVApps.with { $0.after = after }
                let list: PeerPBKVAppList = try await ask(other, .kvApps, question)
                for item in list.apps {
                    guard let homes = network.homes(of: item.app), homes.contains(node) else { continue }
                    let theirs = try KVVector(item.seen)
                    if try await store.vector(of: item.app).isBehind(theirs) { await pull(item.app, from: other) }
                }
                if list.next.isEmpty || Task.isCancelled { return }
                after = list.next
            }
            throw KVMessages.violation("apps without end")
        } catch {
            logger.debug("cannot compare with a home", metadata: ["home": "\(other.short)", "error": "\(error)"])
        }
    }
}
