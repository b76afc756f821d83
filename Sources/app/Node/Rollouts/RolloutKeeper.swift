import ControlModel
import Foundation
import Functions
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Peering
import Placement
import Wire

/// Keeps the orders to roll back of the apps that this node serves, and carries one out when its release fails
/// significantly more often here than the one before.
actor RolloutKeeper {
    private static let interval = Duration.seconds(2)
    private static let patience = TimeAmount.seconds(5)
    /// Orders that are kept; an owner has one for each app. As many roll-backs are remembered.
    private static let maxOrders = 10_000
    /// What the files of roll-backs end with; names of apps have no dot.
    private static let doneSuffix = ".done"

    private struct Watch {
        let order: RollbackOrder
        /// How the old release did before it was replaced.
        let baseline: RolloutJudge.Counts
    }

    private let node: NodeID
    private let keeper: LedgerKeeper
    private let peers: PeerNetwork
    private let folder: String
    private let outcomes: ReleaseOutcomes
    private let judge = RolloutJudge()
    private let submit: @Sendable (Data) async throws -> Void
    private let report: @Sendable (FunctionVersion, String) -> Void
    private let logger: Logger
    private var watches: [AppName: Watch] = [:]
    private var done: [AppName: AutomaticRollback] = [:]

    /// - Parameters:
    ///   - folder: Where orders are kept over restarts.
    ///   - submit: Hands a transaction to the ledger.
    ///   - report: Tells the app's developer.
    init(
        node: NodeID, keeper: LedgerKeeper, peers: PeerNetwork, folder: String, outcomes: ReleaseOutcomes,
        submit: @escaping @Sendable (Data) async throws -> Void,
        report: @escaping @Sendable (FunctionVersion, String) -> Void, logger: Logger
    ) throws {
        self.node = node
        self.keeper = keeper
        self.peers = peers
        self.folder = folder
        self.outcomes = outcomes
        self.submit = submit
        self.report = report
        self.logger = logger
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let bytes = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
            if file.hasSuffix(RolloutKeeper.doneSuffix) {
                let app = AppName(String(file.dropLast(RolloutKeeper.doneSuffix.count)))
                if let app { done[app] = try? JSONDecoder().decode(AutomaticRollback.self, from: bytes) }
            } else if let order = try? RollbackOrder(decoding: bytes) {
                watches[order.app] = Watch(order: order, baseline: RolloutJudge.Counts())
            }
        }
    }

    /// Looks at the releases again and again, until cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: RolloutKeeper.interval)
            await look()
        }
    }

    // MARK: Orders

    /// Hands an order to all nodes that serve its app: those that have it.
    ///
    /// - Throws: `ControlFailure` for an order that cannot be carried out as the ledger is.
    func spread(_ bytes: Data, by account: AccountID) async throws -> [NodeID] {
        let order = try RollbackOrder(decoding: bytes)
        guard order.transaction.signer == .account(account) else { throw RolloutKeeper.notCurrent }
        guard order.suspect(keeper.state, now: RolloutKeeper.now) != nil else { throw RolloutKeeper.notCurrent }
        let nodes = ServingNodes.of(order.app, keeper.state)
        let peers = peers
        return await withTaskGroup(of: NodeID?.self) { group in
            for other in nodes {
                group.addTask {
                    if other == self.node { return (try? await self.keep(bytes)) == nil ? nil : other }
                    guard let connection = try? await peers.connection(to: other) else { return nil }
                    let answer = try? await connection.request(
                        .keepRollback, ByteBuffer(bytes: bytes), timeout: RolloutKeeper.patience
                    ).get()
                    return answer?.type == .rollbackKept ? other : nil
                }
            }
            var kept: [NodeID] = []
            for await node in group { if let node { kept.append(node) } }
            return kept
        }
    }

    /// Takes an order, whoever hands it over: the owner's signature counts. It is on the disk when this returns.
    ///
    /// - Throws: `ControlFailure`; the system's error if it cannot be written.
    func keep(_ bytes: Data) async throws {
        let order = try RollbackOrder(decoding: bytes)
        // The promotion that it belongs to may not have been applied here yet.
        let sequence = keeper.state.sequence
        if order.suspect(keeper.state, now: RolloutKeeper.now) == nil {
            _ = await keeper.waitForSequence(sequence + 1, timeout: .seconds(2))
        }
        let state = keeper.state
        guard let suspect = order.suspect(state, now: RolloutKeeper.now), let owner = state.name(order.app)?.owner,
            ServingNodes.of(order.app, state).contains(node), watches.count < RolloutKeeper.maxOrders
        else { throw RolloutKeeper.notCurrent }
        try bytes.write(to: URL(fileURLWithPath: file(order.app)), options: .atomic)
        let tenant = FunctionReleases.tenant(owner, order.app.description)
        let old = FunctionVersion(tenant: tenant, release: order.target.description)
        outcomes.forget(FunctionVersion(tenant: tenant, release: suspect.description))
        watches[order.app] = Watch(order: order, baseline: outcomes.counts(of: old))
    }

    /// The app's order, if there is one that can still be carried out.
    func order(for app: AppName) -> RollbackOrder? {
        watches[app].flatMap { $0.order.suspect(keeper.state, now: RolloutKeeper.now) == nil ? nil : $0.order }
    }

    private func drop(_ app: AppName) {
        watches[app] = nil
        try? FileManager.default.removeItem(atPath: file(app))
    }

    private func file(_ app: AppName) -> String { "\(folder)/\(app)" }

    // MARK: Judging

    /// Judges all releases that there are orders against, once.
    func look() async {
        let state = keeper.state
        for (app, watch) in watches {
            guard let suspect = watch.order.suspect(state, now: RolloutKeeper.now), let owner = state.name(app)?.owner
            else {
                // A ledger that was read in part only would make all orders look old.
                if keeper.state.name(app) != nil { drop(app) }
                continue
            }
            let tenant = FunctionReleases.tenant(owner, app.description)
            let bad = FunctionVersion(tenant: tenant, release: suspect.description)
            let good = FunctionVersion(tenant: tenant, release: watch.order.target.description)
            let new = outcomes.counts(of: bad)
            let present = outcomes.counts(of: good)
            let old = present.total > watch.baseline.total ? present : watch.baseline
            guard judge.isWorse(new, than: old) else { continue }
            await carryOut(watch.order, against: bad, new, old)
        }
    }

    private func carryOut(
        _ order: RollbackOrder, against bad: FunctionVersion, _ new: RolloutJudge.Counts, _ old: RolloutJudge.Counts
    ) async {
        let reason = "\(new.failed) of \(new.total) requests failed, before it \(old.failed) of \(old.total)"
        do {
            try await submit(order.transaction.bytes)
        } catch let error as LedgerError {
            // Another node was faster, or the owner.
            logger.info("a roll-back was refused", metadata: ["app": "\(order.app)", "error": "\(error)"])
            return drop(order.app)
        } catch {
            logger.warning(
                "a roll-back has to wait for the ledger", metadata: ["app": "\(order.app)", "error": "\(error)"])
            return
        }
        drop(order.app)
        let text = "rolled back automatically to \(order.target) because \(reason)"
        logger.notice("\(text)", metadata: ["app": "\(order.app)", "release": "\(bad.release)"])
        report(bad, text)
        remember(
            AutomaticRollback(
                node: node.description, from: bad.release, to: order.target.description,
                timeMilliseconds: RolloutKeeper.now, reason: reason), of: order.app)
    }

    // MARK: What was done

    private func remember(_ rollback: AutomaticRollback, of app: AppName) {
        guard done[app] != nil || done.count < RolloutKeeper.maxOrders else { return }
        done[app] = rollback
        do {
            let path = file(app) + RolloutKeeper.doneSuffix
            try JSONEncoder().encode(rollback).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            logger.warning("a roll-back cannot be noted", metadata: ["app": "\(app)", "error": "\(error)"])
        }
    }

    /// The last roll-back of an app that this node carried out.
    func lastHere(_ app: AppName) -> AutomaticRollback? { done[app] }

    /// The last roll-back of an app that one of the nodes that serve it carried out, and remembers.
    func last(_ app: AppName) async -> AutomaticRollback? {
        let others = ServingNodes.of(app, keeper.state).filter { $0 != node }
        let peers = peers
        return await withTaskGroup(of: AutomaticRollback?.self) { group in
            for other in others {
                group.addTask {
                    guard let connection = try? await peers.connection(to: other),
                        let answer = try? await connection.request(
                            .readRollback, ByteBuffer(string: app.description), timeout: RolloutKeeper.patience
                        ).get(), answer.type == .rollbackDone
                    else { return nil }
                    let bytes = Data(answer.body.readableBytesView)
                    return try? JSONDecoder().decode(AutomaticRollback.self, from: bytes)
                }
            }
            var last = done[app]
            for await next in group {
                guard let next, next.timeMilliseconds > last?.timeMilliseconds ?? .min else { continue }
                last = next
            }
            return last
        }
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    private static let notCurrent = ControlFailure(
        status: 409, code: "rollout/not-current",
        message:
            "The order to roll back does not fit the ledger: it is signed by the app's owner right after a promotion, "
            + "for the release before it, and for seven days at most")
}
