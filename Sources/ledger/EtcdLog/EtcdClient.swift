package import Foundation
import GRPCCore
import Ledger
import LedgerLog
package import Logging
import SwiftProtobuf
import Synchronization

/// Requests to an etcd cluster. A request that one member does not answer goes to the next.
package final class EtcdClient: Sendable {
    /// An answer, and whether an earlier attempt may have had an effect as well.
    package struct Answer<Message: Sendable>: Sendable {
        package let message: Message
        package let isRepeated: Bool
    }

    /// The largest message that is taken, in bytes: a full range of full entries.
    static let maxMessageBytes = 48 << 20
    /// The pause after every member has failed; it doubles up to ``maxPause``.
    private static let firstPause = Duration.milliseconds(50)
    private static let maxPause = Duration.milliseconds(800)

    let cluster: EtcdCluster
    let logger: Logger
    private let members: [EtcdMember]
    private let preferred: Mutex<Int>
    private let metrics = EtcdMetrics()

    /// Nothing is connected yet.
    ///
    /// - Throws: ``LedgerLogError`` `.logUnusable` for settings or files that cannot be used.
    package init(_ cluster: EtcdCluster, logger: Logger) throws {
        guard (1...EtcdCluster.maxMembers).contains(cluster.members.count) else {
            throw LedgerLogError(
                .logUnusable,
                "\(cluster.members.count) etcd members are listed; list 1 to \(EtcdCluster.maxMembers) of them")
        }
        guard cluster.leaseSeconds >= 2, cluster.requestTimeout > .zero, cluster.patience > .zero,
            cluster.pollInterval > .zero
        else {
            throw LedgerLogError(
                .logUnusable, "etcd's timeouts must be above zero and the lease 2 s or longer; correct the settings")
        }
        self.cluster = cluster
        self.logger = logger
        do {
            members = try cluster.members.map { try EtcdMember($0, tls: cluster.tls) }
        } catch {
            throw LedgerLogError(
                .logUnusable,
                "The files for TLS with etcd cannot be used: \(error). They must be readable PEM files: "
                    + "\(cluster.tls?.authorities ?? ""), \(cluster.tls?.certificate ?? ""), \(cluster.tls?.key ?? "")")
        }
        // Nodes begin with different members, so that none of them serves all.
        preferred = Mutex(Int.random(in: 0..<members.count))
    }

    /// Ends the connections; calls in flight fail.
    package func close() async {
        for member in members { await member.close() }
    }

    /// Does `request`, which may reach etcd more than once: it must guard itself by its comparisons or only read.
    package func transact(_ request: EtcdTxnRequest) async throws -> Answer<EtcdTxnResponse> {
        try await call { try await $0.keyValues.txn(request, options: $1) }
    }

    /// Reads ranges at one revision, linearizably: what was acknowledged before is seen.
    ///
    /// - Parameter timeout: For one member; the cluster's setting if nil.
    package func read(
        _ ranges: [EtcdRangeRequest], timeout: Duration? = nil
    ) async throws -> (revision: Int64, ranges: [EtcdRangeResponse]) {
        let request = EtcdTxnRequest.with {
            $0.success = ranges.map { range in .with { $0.requestRange = range } }
        }
        let message = try await call(timeout: timeout) { try await $0.keyValues.txn(request, options: $1) }.message
        guard let answers = message.ranges(ranges.count) else {
            throw LedgerLogError(
                .logUnusable, "etcd answered a read of \(ranges.count) ranges with something else; is it etcd?")
        }
        return (message.header.revision, answers)
    }

    /// Deletes the keys from `first` up to and without `end`.
    package func delete(_ first: Data, _ end: Data) async throws {
        let request = EtcdDeleteRangeRequest.with {
            $0.key = first
            $0.rangeEnd = end
        }
        _ = try await call { try await $0.keyValues.deleteRange(request, options: $1) }
    }

    /// Forgets what was overwritten or deleted before `revision`.
    package func compact(_ revision: Int64) async throws {
        let request = EtcdCompactionRequest.with { $0.revision = revision }
        _ = try await call { try await $0.keyValues.compact(request, options: $1) }
    }

    /// A lease of the cluster's setting; its id. An attempt whose answer is lost leaves one that nobody renews.
    package func grantLease() async throws -> Int64 {
        let request = EtcdLeaseGrantRequest.with { $0.ttl = Int64(cluster.leaseSeconds) }
        let answer = try await call { try await $0.leases.leaseGrant(request, options: $1) }.message
        guard answer.error.isEmpty, answer.id != 0 else {
            throw LedgerLogError(.logUnusable, "etcd grants no lease: \(answer.error.prefix(200))")
        }
        return answer.id
    }

    /// Ends a lease and what goes with it. None of that name is fine too.
    ///
    /// - Parameter timeout: For the one attempt that is made.
    package func revokeLease(_ id: Int64, timeout: Duration) async throws {
        let request = EtcdLeaseRevokeRequest.with { $0.id = id }
        do {
            _ = try await attempt(timeout: timeout) { try await $0.leases.leaseRevoke(request, options: $1) }
        } catch let error as RPCError where error.code == .notFound {}
    }

    /// Renews a lease with one attempt; the seconds that it has now, 0 if it is gone.
    package func renewLease(_ id: Int64, timeout: Duration) async throws -> Int64 {
        try await attempt(timeout: timeout) { member, options in
            try await member.leases.leaseKeepAlive(options: options) { writer in
                try await writer.write(.with { $0.id = id })
            } onResponse: { response in
                for try await answer in response.messages { return answer.ttl }
                throw RPCError(code: .unavailable, message: "etcd closed the lease's stream without an answer")
            }
        }
    }

    /// Calls `onHint` for each change of `key` until the watch breaks, which it does with an error or without.
    ///
    /// It tells changes from its beginning on, and first that it has begun.
    package func watch(_ key: Data, onHint: @escaping @Sendable () -> Void) async throws {
        let (index, member) = current()
        // Asks the member to end the watch when it is cut off from the cluster's leader.
        let metadata: Metadata = ["hasleader": "true"]
        do {
            try await member.watches.watch(metadata: metadata, options: EtcdClient.options(timeout: nil)) { writer in
                try await writer.write(.with { $0.createRequest = .with { $0.key = key } })
                // The end of the requests would be the end of the watch; the end of the answers cancels this.
                while true { try await Task.sleep(for: .seconds(3_600)) }
            } onResponse: { response in
                for try await message in response.messages {
                    onHint()
                    // Also after a compaction: the next watch begins at the present, and its reader reads ranges.
                    if message.canceled { return }
                }
            }
        } catch {
            leave(index)
            throw error
        }
    }

    /// What the current member says of itself.
    package func status() async throws -> EtcdStatusResponse {
        try await call { try await $0.maintenance.status(EtcdStatusRequest(), options: $1) }.message
    }

    /// Turns to the member that leads etcd: it orders what is written, so requests to another one go on to it. All are asked at
    /// once; if none says that it leads, everything stays as it is.
    ///
    /// - Parameter timeout: For each member.
    func preferLeader(timeout: Duration) async {
        guard members.count > 1 else { return }
        let leader = await withTaskGroup(of: Int?.self) { group in
            for (index, member) in members.enumerated() {
                group.addTask {
                    let options = EtcdClient.options(timeout: timeout)
                    guard let status = try? await member.maintenance.status(EtcdStatusRequest(), options: options),
                        status.leader != 0, status.leader == status.header.memberID
                    else { return nil }
                    return index
                }
            }
            var leader: Int?
            for await case let index? in group {
                leader = index
                group.cancelAll()
            }
            return leader
        }
        if let leader { preferred.withLock { $0 = leader } }
    }

    /// The member that is asked first, by its place in the list.
    var preferredMember: Int { preferred.withLock { $0 } }

    /// Repeats `body` with one member after another until one answers, or until the cluster's patience ends.
    ///
    /// - Throws: `RPCError` if a member refused and others would too, otherwise `LedgerLogError` `.unavailable`, or
    ///   `CancellationError`.
    private func call<Message: Sendable>(
        timeout: Duration? = nil, _ body: @Sendable (EtcdMember, CallOptions) async throws -> Message
    ) async throws -> Answer<Message> {
        let start = ContinuousClock.now
        var failures = 0
        var pause = EtcdClient.firstPause
        while true {
            try Task.checkCancellation()
            let left = cluster.patience - (ContinuousClock.now - start)
            do {
                let limit = min(timeout ?? cluster.requestTimeout, max(left, EtcdClient.firstPause))
                return Answer(message: try await attempt(timeout: limit, body), isRepeated: failures > 0)
            } catch let error where !Task.isCancelled && !EtcdFailure.isFinal(error) {
                failures += 1
                guard left > .zero else { throw EtcdFailure.unavailable(cluster, error) }
                logger.debug("etcd did not answer", metadata: ["error": "\(error)", "failures": "\(failures)"])
            } catch let error as RPCError where failures > 0 && !Task.isCancelled {
                // An earlier attempt may still have had its effect, so this refusal is not the whole truth.
                throw EtcdFailure.unavailable(cluster, error)
            }
            if failures % members.count == 0 {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, EtcdClient.maxPause)
            }
        }
    }

    /// One attempt with the current member; if it fails for reasons of its own, the next becomes current.
    private func attempt<Message: Sendable>(
        timeout: Duration, _ body: @Sendable (EtcdMember, CallOptions) async throws -> Message
    ) async throws -> Message {
        let (index, member) = current()
        do {
            return try await body(member, EtcdClient.options(timeout: timeout))
        } catch {
            if !Task.isCancelled, !EtcdFailure.isFinal(error) { leave(index) }
            throw error
        }
    }

    private func current() -> (Int, EtcdMember) {
        let index = preferred.withLock { $0 }
        return (index, members[index])
    }

    /// Callers that failed with the same member move on by one together.
    private func leave(_ index: Int) {
        let moved = preferred.withLock { preferred in
            guard preferred == index, members.count > 1 else { return false }
            preferred = (index + 1) % members.count
            return true
        }
        if moved { metrics.countFailover() }
    }

    private static func options(timeout: Duration?) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.maxRequestMessageBytes = maxMessageBytes
        options.maxResponseMessageBytes = maxMessageBytes
        return options
    }
}
