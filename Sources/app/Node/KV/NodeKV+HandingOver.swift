import FunctionServices
import Identity
import Logging
import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// What becomes of values when other nodes are the homes of their app.
extension NodeKV {
    /// Apps that are read from the store at once.
    private static let maxAppsAtOnce = 256

    // MARK: Giving

    /// Hands over until cancelled: when nodes came or went, soon again while something is left, and as often as homes are
    /// compared.
    func keepHandingOver() async {
        let tick = min(.seconds(1), settings.interval)
        var (pause, waited, left, roster) = (tick, Duration.zero, 0, network.roster)
        while (try? await Task.sleep(for: tick)) != nil {
            waited += tick
            let present = network.roster
            guard waited >= pause || present != roster else { continue }
            (waited, roster) = (.zero, present)
            let now = await handOver()
            if now != left { report(now) }
            // The homes copy for a while; one that is dead may be so for longer.
            pause = min(now == left ? pause * 2 : tick, settings.interval)
            left = now
        }
    }

    private func report(_ left: Int) {
        if left == 0 { return logger.info("all values that others keep now are handed over") }
        logger.info("values are to be handed over to the homes of their apps", metadata: ["apps": "\(left)"])
    }

    /// Offers the homes of each app what this node has of it and is no home of, and gives away what all homes have on their
    /// disks: how many apps are left.
    func handOver() async -> Int {
        var (after, left) = ("", 0)
        var silent: Set<NodeID> = []
        while !Task.isCancelled, let apps = try? await store.apps(after: after, limit: NodeKV.maxAppsAtOnce),
            let last = apps.last
        {
            for app in apps {
                guard let homes = network.homes(of: app), !homes.nodes.isEmpty, !homes.contains(node) else { continue }
                readiness.unsettle(app)
                if await !handOver(app, to: homes, &silent) { left += 1 }
            }
            after = last
        }
        handingOver.withLock { $0 = left }
        return left
    }

    /// - Parameter silent: Homes that do not answer, which are not asked about other apps.
    /// - Returns: Whether all homes have the app's values, and nothing of them is left here.
    private func handOver(_ app: String, to homes: KVHomes, _ silent: inout Set<NodeID>) async -> Bool {
        do {
            let known = try await store.vector(of: app)
            let offer = PeerPBKVApp.with {
                $0.app = app
                $0.seen = known.message
            }
            var isTaken = true
            for home in homes.nodes {
                do {
                    if silent.contains(home) { throw PeerError(.unreachable, "it did not answer before") }
                    let answer: PeerPBKVApp = try await ask(home, .kvOffer, offer)
                    if try KVVector(answer.seen).isBehind(known) { isTaken = false }
                } catch let error as PeerError {
                    isTaken = false
                    if !error.code.description.hasPrefix("kv/") { silent.insert(home) }
                    logger.debug(
                        "a home does not take values over",
                        metadata: ["app": "\(app)", "home": "\(home.short)", "error": "\(error)"])
                }
            }
            guard isTaken else { return false }
            return try await readiness.copying(app) { try await store.giveAway(app, known: known) }
        } catch {
            logger.info("cannot hand values over", metadata: ["app": "\(app)", "error": "\(error)"])
            return false
        }
    }

    // MARK: Taking

    /// What this home has of an app that another node offers, which was a home once. What it lacks it fetches from there, in
    /// the background: the other one asks again.
    func offered(_ offer: PeerPBKVApp, _ peer: NodeID) async throws -> PeerPBKVApp {
        guard network.homes(of: offer.app)?.contains(node) == true else {
            throw PeerError(.kvNotHome, "This node is no home of the app's values, as far as its ledger goes")
        }
        let seen = try await store.vector(of: offer.app)
        if seen.isBehind(try KVVector(offer.seen)) {
            readiness.taking(offer.app) { [weak self] in _ = await self?.pull(offer.app, from: peer) }
        }
        return PeerPBKVApp.with {
            $0.app = offer.app
            $0.seen = seen.message
        }
    }
}
