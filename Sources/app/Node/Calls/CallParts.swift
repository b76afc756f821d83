import Calls
import Functions
import MachineProxy
import Membership
import NIOCore
import PaidDelivery

/// Who runs a call: a function or a machine, on this node or on another.
struct CallParts: Sendable {
    let functions: FunctionCalls
    let machines: MachineCalls
    /// Takes what other nodes and clients call.
    let server: CallServer

    /// - Parameters:
    ///   - payer: Pays other nodes for calls.
    ///   - paid: What this node is paid for calls.
    init(
        _ base: NodeBase, _ network: NetworkParts, _ parts: FunctionParts, _ routes: RouteTable,
        machines directory: MachineDirectoryRelay, proxy: MachineProxy, payer: PayingCalls, paid: PaidCalls
    ) {
        let (peers, group) = (network.peers, base.group)
        let functions = CallParts.functionCalls(base, network, parts, payer)
        self.functions = functions
        let machines = MachineCalls(
            node: base.node, directory: directory, proxy: proxy,
            sender: CallSender(peers: CallPeers(peers), wallLimit: MachineCalls.wallLimit, payer: payer),
            logger: base.logger(for: "machines"))
        self.machines = machines
        let clients = ClientCalls(
            maxBodyBytes: parts.pool.settings.maxRequestBodyBytes,
            app: { routes.app(named: $0, for: $1) }, refusal: { functions.refusal(ofClientsOf: $0) },
            runHere: { version, call async throws(CallFailure) in
                try await functions.serve(version, call, hops: FunctionCalls.maxHops, on: group.next())
            })
        server = CallServer(paid: paid, clients: clients) {
            version, call, hops, loop async throws(CallFailure) in
            if let place = MachinePlace(version) { return try await machines.serve(place, call, on: loop) }
            return try await functions.serve(version, call, hops: hops, on: loop)
        }
    }

    /// Calls that this node's workers run, or other nodes, with a receipt of whoever ran them.
    private static func functionCalls(
        _ base: NodeBase, _ network: NetworkParts, _ parts: FunctionParts, _ payer: PayingCalls
    ) -> FunctionCalls {
        let (pool, releases, receipts) = (parts.pool, parts.releases, parts.receipts)
        let membership = network.membership
        let placement = CallPlacement(keeper: base.keeper)
        let wall = pool.settings.wallLimit / .milliseconds(1)
        return FunctionCalls(
            node: base.node, placement: { placement.nodes(of: $0) }, isUsable: { membership.isUsable($0) },
            knows: { releases.release($0.release, of: $0.app)?.version == $0 },
            sender: CallSender(
                peers: CallPeers(network.peers), wallLimit: .milliseconds(Int64(wall)), payer: payer),
            logger: base.logger(for: "functions")
        ) { version, call, eventLoop, completion in
            let start = NIODeadline.now()
            pool.invoke(version, call, code: { try await releases.code(of: version) }, on: eventLoop) { outcome in
                if case .failure(let error) = outcome { receipts.failed(call, version, error, since: start) }
                completion(outcome.map { receipts.attach(to: $0, of: call, version, since: start) })
            }
        }
    }
}
