import Blake3
import ControlModel
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Ledger
import NIOCore

/// The ledger: its head, entries, transactions and epochs.
extension ControlAPI {
    /// Entries in one answer at most.
    static let maxEntries = 256
    /// Hand-overs in one answer at most; each is up to some 40 KB.
    static let maxHandovers = 64

    func addLedger(to router: Router<ControlContext>) {
        let ledger = backend.ledger
        let api = router.group("api/v1/ledger")
        api.get("head") { _, _ in JSONBody(ControlAPI.head(ledger)) }
        api.get("genesis") { _, _ in BytesBody(ledger.state.genesis.bytes) }
        api.get("entries") { request, _ in
            let from = max(try ControlAPI.number(request, "from") ?? 1, 1)
            let limit = try ControlAPI.number(request, "limit") ?? UInt64(ControlAPI.maxEntries)
            let wait = Int(clamping: try ControlAPI.number(request, "wait") ?? 0)
            if wait > 0, ledger.state.sequence < from {
                let timeout = Duration.milliseconds(min(wait, ControlAPI.maxWaitMillis))
                _ = await ledger.waitForSequence(from, timeout: timeout)
            }
            let count = min(max(Int(clamping: limit), 1), ControlAPI.maxEntries)
            return BytesBody(ByteFrames.encode(try await ledger.entries(from: from, limit: count)))
        }
        api.get("entries/:sequence") { _, context in
            let text = try context.parameters.require("sequence")
            guard let sequence = UInt64(text) else {
                throw ControlFailure(
                    status: 400, code: "control/bad-sequence",
                    message: "\"\(text.prefix(40))\" is no sequence; it is a number from 1 on")
            }
            return JSONBody(try await ControlAPI.entry(sequence, ledger))
        }
        api.get("transactions/:transaction") { _, context in
            guard let id = TransactionID(try context.parameters.require("transaction")) else {
                throw ControlFailure(
                    status: 400, code: "control/bad-transaction", message: "A transaction id has 64 hexadecimal digits")
            }
            return JSONBody(try await ControlAPI.transaction(id, ledger))
        }
        api.get("base") { _, _ in
            guard let base = try await ledger.base() else {
                throw ControlFailure(
                    status: 404, code: "ledger-log/no-base", message: "This node's log begins with the genesis")
            }
            return JSONBody(base)
        }
    }

    /// Nodes, epochs, parameters: what the network is made of.
    func addNetwork(to router: Router<ControlContext>) {
        let ledger = backend.ledger
        let api = router.group("api/v1")
        api.get("epochs") { _, _ in JSONBody(EpochInfo(ledger.state, certified: ControlAPI.certified(ledger))) }
        api.get("parameters") { _, _ in JSONBody(ParameterList(ledger.state)) }
        api.get("nodes") { request, _ in
            let after = try request.uri.queryParameters["after"].map { try ControlAPI.nodeID(String($0)) }
            let limit = try ControlAPI.number(request, "limit") ?? UInt64(LedgerNodeList.maxCount)
            let count = min(max(Int(clamping: limit), 1), LedgerNodeList.maxCount)
            return JSONBody(ControlAPI.nodes(after: after, limit: count, ledger.state))
        }
        api.get("nodes/:node") { _, context in
            let state = ledger.state
            let id = try ControlAPI.nodeID(try context.parameters.require("node"))
            guard let record = state.node(id) else {
                throw ControlFailure(
                    status: 404, code: "ledger/unknown-node",
                    message: "No node \(id) is registered on this network; `skerry network nodes` lists those that are")
            }
            return JSONBody(ControlAPI.info(record, state))
        }
        api.get("accounts/:account") { _, context in
            guard let id = AccountID(try context.parameters.require("account")) else {
                throw ControlFailure(
                    status: 400, code: "control/bad-account", message: "An account id has 64 hexadecimal digits")
            }
            return JSONBody(AccountInfo(id, ledger.state.account(id)))
        }
    }

    // MARK: Answers

    private static func head(_ ledger: any ControlLedger) -> LedgerHeadInfo {
        let state = ledger.state
        return LedgerHeadInfo(
            network: state.networkID.description, sequence: state.sequence, hash: state.headHash.hex,
            stateRoot: state.root.hex, timeMilliseconds: state.timeMilliseconds,
            sequencer: ledger.sequencer?.description, epoch: state.epoch.number,
            appliedTransactions: state.appliedCount, refusedTransactions: state.refusedCount,
            certified: certified(ledger), failure: ledger.failure)
    }

    private static func certified(_ ledger: any ControlLedger) -> CertifiedInfo? {
        ledger.certified.map { CertifiedInfo($0.certificate, $0.state) }
    }

    private static func entry(_ sequence: UInt64, _ ledger: any ControlLedger) async throws -> EntryInfo {
        guard sequence > 0, let bytes = try await ledger.entries(from: sequence, limit: 1).first else {
            throw ControlFailure(
                status: 404, code: "ledger-log/no-entry",
                message: "There is no entry \(sequence); the ledger has entries 1 to \(ledger.state.sequence)")
        }
        return try await EntryInfo(try Entry(decoding: bytes)) { try await ledger.outcome(of: $0)?.outcome }
    }

    private static func transaction(
        _ id: TransactionID, _ ledger: any ControlLedger
    ) async throws -> TransactionInfo {
        if let (sequence, outcome) = try await ledger.outcome(of: id) {
            let refusal = outcome.refusal
            do {
                let entry = try await ledger.entries(from: sequence, limit: 1).first.map { try Entry(decoding: $0) }
                for bytes in entry?.transactions ?? [] {
                    guard let transaction = try? SignedTransaction(decoding: bytes), transaction.id == id else {
                        continue
                    }
                    return TransactionInfo(transaction, sequence: sequence, outcome: outcome)
                }
            } catch  where refusal != nil {
                // The entry is gone, the reason is not.
            }
            if let refusal { return TransactionInfo(refused: id, refusal, sequence: sequence) }
        }
        throw ControlFailure(
            status: 404, code: "ledger-log/no-transaction",
            message: "No entry that this node keeps holds transaction \(id); ask a node that has older ones")
    }

    private static func nodes(after: NodeID?, limit: Int, _ state: LedgerState) -> LedgerNodeList {
        var page = state.nodes[...]
        if let after { page = page.drop { $0.id <= after } }
        let nodes = page.prefix(limit)
        let committee = Set(state.epoch.committee.members.map(\.node))
        let epoch = state.epoch.number
        return LedgerNodeList(
            nodes: nodes.map { LedgerNodeInfo($0, committee: committee, epoch: epoch) },
            next: page.count > limit ? nodes.last?.id.description : nil)
    }

    private static func info(_ record: NodeRecord, _ state: LedgerState) -> LedgerNodeInfo {
        let committee = Set(state.epoch.committee.members.map(\.node))
        return LedgerNodeInfo(record, committee: committee, epoch: state.epoch.number)
    }

    // MARK: Decoding

    /// A number of the query; nil if it is not given.
    static func number(_ request: Request, _ name: String) throws -> UInt64? {
        guard let text = request.uri.queryParameters[name[...]] else { return nil }
        guard let number = UInt64(text) else {
            throw ControlFailure(
                status: 400, code: "control/bad-number", message: "\(name) must be a number, not \"\(text.prefix(40))\""
            )
        }
        return number
    }

    private static func nodeID(_ text: String) throws -> NodeID {
        guard let id = NodeID(text) else {
            throw ControlFailure(
                status: 400, code: "control/bad-node", message: "A node id has 64 hexadecimal digits")
        }
        return id
    }
}
