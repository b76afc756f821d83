import Identity
import Ledger
import Membership
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// What the keeper of releases needs of the other nodes.
protocol CopyNetwork: Sendable {
    /// Those that say that they have no room for all that they are to keep.
    var fullNodes: Set<NodeID> { get }

    func isUsable(_ node: NodeID) -> Bool

    /// Tells the others whether this node has room.
    func setFull(_ isFull: Bool)

    /// Yields after something may have changed; ends with the membership.
    func changes() -> AsyncStream<Void>

    /// What another node says of its copy of a release; nil if it does not answer.
    ///
    /// - Parameter wait: How long it may wait for the release to become ready.
    func status(of name: AppName, _ release: ReleaseID, at node: NodeID, wait: Duration) async -> CopyStatus?
}

/// The others over the peer protocol.
struct PeerCopyNetwork: CopyNetwork {
    /// Beyond what the other node waits.
    private static let patience = Duration.seconds(1)

    let peers: PeerNetwork
    let membership: Membership

    var fullNodes: Set<NodeID> { membership.fullNodes }

    func isUsable(_ node: NodeID) -> Bool { membership.isUsable(node) }

    func setFull(_ isFull: Bool) { membership.setFull(isFull) }

    func changes() -> AsyncStream<Void> {
        let events = membership.changes()
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let task = Task {
            for await _ in events { continuation.yield() }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    func status(of name: AppName, _ release: ReleaseID, at node: NodeID, wait: Duration) async -> CopyStatus? {
        let request = PeerPBReleaseReadiness.with {
            $0.name = name.description
            $0.release = release.description
            $0.waitMillis = UInt32(clamping: Int64(wait / .milliseconds(1)))
        }
        guard let connection = try? await peers.connection(to: node) else { return nil }
        let status = try? await connection.call(
            .releaseReadiness, request, expecting: .releaseStatus, as: PeerPBReleaseStatus.self,
            timeout: .milliseconds(Int64((wait + PeerCopyNetwork.patience) / .milliseconds(1))))
        // What a node of an earlier version does not say, it does not promise.
        return status.map { CopyStatus(isReady: $0.ready, hasRoom: !$0.noRoom, keeps: $0.keeps) }
    }
}
