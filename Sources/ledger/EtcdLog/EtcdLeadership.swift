import Foundation
public import Identity
public import LedgerLog
import Logging
import SwiftProtobuf

/// Who leads, by a key in etcd that goes with its holder's lease.
///
/// A candidate creates the key if it is absent; the revision of that creation is the term. When the holder dies, the
/// lease ends and etcd deletes the key; when it stops in good order, at once. Everybody sees it by a watch.
public final class EtcdLeadership: Leadership {
    /// The pause before a failed step is tried again.
    private static let retryPause = Duration.milliseconds(200)
    /// Renewals in the time that a lease lasts.
    private static let renewals = 3
    /// Candidates wait up to this long before they stand, so that they do not all do it at once.
    private static let maxJitter = Duration.milliseconds(250)

    /// This node.
    public let node: NodeID
    private let isCandidate: Bool
    private let client: EtcdClient
    private let keys: EtcdKeys
    private let held: HeldLead
    private let metrics = EtcdMetrics()

    init(client: EtcdClient, keys: EtcdKeys, node: NodeID, isCandidate: Bool, held: HeldLead) {
        self.client = client
        self.keys = keys
        self.node = node
        self.isCandidate = isCandidate
        self.held = held
    }

    public var standing: Standing { held.standing }

    public func changes() -> AsyncStream<Standing> { held.changes() }

    /// Follows the leader's key, and stands for election whenever it is absent if this node is a candidate.
    ///
    /// To be called once at a time. Cancelled while leading, it gives the lead back before it returns, within
    /// ``EtcdCluster/requestTimeout``; if etcd does not answer, the lease ends by itself.
    public func run() async {
        await reclaim()
        let (hints, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let onHint: @Sendable () -> Void = { continuation.yield() }
        await withDiscardingTaskGroup { group in
            group.addTask { await KeyHints.run(self.client, key: self.keys.leader, onHint: onHint) }
            for await _ in hints {
                var lead = await step()
                while lead == nil, !Task.isCancelled, (try? await Task.sleep(for: EtcdLeadership.retryPause)) != nil {
                    lead = await step()
                }
                guard let won = lead?.won else { continue }
                group.addTask { await self.stayBesideLeader(of: won) }
                group.addTask {
                    await self.renew(won)
                    onHint()
                }
            }
            group.cancelAll()
        }
        await resign()
    }

    /// Deletes the lead that an earlier process of this node left behind when it died, so that nobody waits for its
    /// lease. Once only: two processes with one key would depose each other for ever.
    private func reclaim() async {
        guard isCandidate, let answer = try? await client.read([.key(keys.leader)]),
            let left = answer.ranges[0].kvs.first, EtcdValues.leader(left.value) == node
        else { return }
        let request = EtcdTxnRequest.with {
            $0.compare = [.created(keys.leader, at: left.createRevision)]
            $0.success = [.delete(keys.leader)]
        }
        _ = try? await client.transact(request)
    }

    /// What a step led to: perhaps a new lead of this node.
    private struct Step { var won: LeadCore.Lead? }

    /// Looks who leads and stands if nobody does; nil if it has to be done again.
    private func step() async -> Step? {
        let before = held.lead
        do {
            let answer = try await client.read([.key(keys.leader)])
            let seen = observation(answer.ranges[0])
            held.update { $0.observed(seen) }
            if let before, held.lead == nil {
                client.logger.warning("the lead was lost", metadata: ["term": "\(before.term)"])
            }
            guard seen == .vacant, isCandidate else { return Step() }
            return try await stand()
        } catch {
            if !Task.isCancelled {
                client.logger.warning("etcd does not tell who leads", metadata: ["error": "\(error)"])
            }
            held.update { $0.lostSight() }
            return nil
        }
    }

    /// Creates the leader's key if it is still absent; nil if another node was first.
    private func stand() async throws -> Step? {
        try await Task.sleep(for: EtcdLeadership.maxJitter * Double.random(in: 0...1))
        let start = ContinuousClock.now
        let lease = try await client.grantLease()
        let request = EtcdTxnRequest.with {
            $0.compare = [.created(keys.leader, at: 0)]
            $0.success = [.put(keys.leader, EtcdValues.encode(node), lease: lease)]
            $0.failure = [.range(.key(keys.leader))]
        }
        let answer: EtcdTxnResponse
        do {
            answer = try await client.transact(request).message
        } catch {
            // It may have been executed: without its lease the key does not stay.
            await release(lease)
            throw error
        }
        var term: Int64?
        if answer.succeeded {
            term = answer.header.revision
        } else if let range = answer.ranges(1)?.first, case .held(_, lease, let created) = observation(range) {
            // The answer to an earlier copy of the request was lost.
            term = created
        }
        guard let term, let term = UInt64(exactly: term), term > 0 else {
            await release(lease)
            return nil
        }
        let lead = LeadCore.Lead(term: term, lease: lease, end: start + client.cluster.lease)
        held.update { $0.won(lead) }
        metrics.countLead()
        client.logger.info("this node leads", metadata: ["term": "\(term)"])
        return Step(won: lead)
    }

    /// Keeps what this node appends on the shortest way as long as it leads.
    private func stayBesideLeader(of lead: LeadCore.Lead) async {
        while held.lead?.term == lead.term {
            await client.preferLeader(timeout: client.cluster.requestTimeout)
            let pause = client.cluster.lease / EtcdLeadership.renewals
            guard (try? await Task.sleep(for: pause)) != nil else { return }
        }
    }

    /// Renews the lease until it is lost or the lead is.
    private func renew(_ lead: LeadCore.Lead) async {
        let period = client.cluster.lease / EtcdLeadership.renewals
        var end = lead.end
        var pause = period
        while held.lead?.term == lead.term {
            guard (try? await Task.sleep(for: min(pause, end - .now))) != nil else { return }
            let start = ContinuousClock.now
            guard start < end else { break }
            do {
                let timeout = min(client.cluster.requestTimeout, end - start)
                let seconds = try await client.renewLease(lead.lease, timeout: timeout)
                guard seconds > 0 else { break }
                // Counted from before the request, and never longer than asked for: etcd's lease ends later.
                end = start + min(.seconds(min(seconds, Int64(client.cluster.leaseSeconds))), client.cluster.lease)
                held.update { [end] in $0.renewed(lead.term, end: end) }
                pause = period
            } catch {
                if Task.isCancelled { return }
                client.logger.debug("a lease was not renewed", metadata: ["error": "\(error)"])
                pause = period / 10
            }
        }
        if held.lead?.term == lead.term {
            held.update { $0.lost(lead.term) }
            client.logger.warning("the lead was lost", metadata: ["term": "\(lead.term)"])
        }
        await release(lead.lease)
    }

    private func observation(_ range: EtcdRangeResponse) -> LeadCore.Observation {
        guard let pair = range.kvs.first else { return .vacant }
        let leader = EtcdValues.leader(pair.value)
        if leader == nil {
            client.logger.error(
                "the leader's key in etcd names no node; delete it", metadata: ["key": "\(keys.prefix)"])
        }
        // A lead of this node that it does not know of, or gave up, is nobody's until its lease ends.
        return .held(leader == node ? nil : leader, lease: pair.lease, term: pair.createRevision)
    }

    /// Gives a lead back that this node holds, although its task is cancelled.
    private func resign() async {
        guard let lead = held.lead else { return }
        held.update { $0.lost(lead.term) }
        // A task of its own, since requests of a cancelled one fail.
        await Task { await release(lead.lease) }.value
    }

    /// Ends a lease if etcd answers soon; otherwise it ends by itself.
    private func release(_ lease: Int64) async {
        do {
            try await client.revokeLease(lease, timeout: client.cluster.requestTimeout)
        } catch {
            client.logger.debug("a lease was not revoked", metadata: ["error": "\(error)"])
        }
    }
}
