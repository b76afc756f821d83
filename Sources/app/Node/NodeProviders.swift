import Discovery
import Exchange
import Identity
import Ledger
import LedgerLog
import Membership
import Synchronization

/// Where fetches look for a blob: the nodes that announced it, else, in a small network, everybody.
struct NodeProviders: ProviderFinder {
    /// Up to so many nodes are simply asked when no record names a provider: a blob that was stored a moment ago is not
    /// announced yet.
    static let smallNetwork = 64
    /// How long they wait for a record, which a node that hangs may delay.
    static let patience = Duration.milliseconds(150)

    let node: NodeID
    let keeper: LedgerKeeper
    let discovery: Discovery
    let membership: Membership

    /// Whether a record named somebody.
    private final class Search: Sendable {
        let hasFound = Atomic(false)
    }

    func providers(of id: BlobID) -> AsyncStream<NodeID> {
        let (stream, continuation) = AsyncStream.makeStream(of: NodeID.self)
        let task = Task {
            let search = Search()
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    for await provider in discovery.providers(of: id) {
                        search.hasFound.store(true, ordering: .relaxed)
                        continuation.yield(provider)
                    }
                    return true
                }
                group.addTask {
                    try? await Task.sleep(for: NodeProviders.patience)
                    return false
                }
                let isOver = await group.next() == true
                if !search.hasFound.load(ordering: .relaxed) {
                    for neighbour in neighbours { continuation.yield(neighbour) }
                }
                if isOver { group.cancelAll() }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    func estimatedRoundTrip(to node: NodeID) -> Duration? { membership.estimatedRoundTrip(to: node) }

    private var neighbours: [NodeID] {
        let nodes = keeper.state.participants
        guard nodes.count <= NodeProviders.smallNetwork else { return [] }
        return nodes.map(\.id).filter { $0 != node }
    }
}
