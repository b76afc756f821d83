public import ControlModel
import Foundation
public import Identity

/// Restarts machines of one app one after the other, so that the others answer meanwhile. A machine whose secrets changed
/// has the new values afterwards.
public struct MachineRestart: Sendable {
    /// How long a machine may take to become healthy.
    static let patience = Duration.seconds(90)
    private static let pause = Duration.milliseconds(100)
    /// How old the news of other nodes' machines may be that a node has.
    private static let newsTime = Duration.seconds(3)

    private let client: NodeClient
    private let key: SigningKey
    private let patience: Duration

    /// - Parameters:
    ///   - client: A node that knows the machines.
    ///   - key: Of the app's owner.
    public init(client: NodeClient, key: SigningKey) { self.init(client: client, key: key, patience: Self.patience) }

    init(client: NodeClient, key: SigningKey, patience: Duration) {
        self.client = client
        self.key = key
        self.patience = patience
    }

    /// Restarts machines, each when the one before is healthy or has ended by itself.
    ///
    /// - Parameters:
    ///   - machines: Of one app, as ``NodeClient/machines()`` lists them; those that are on no node are left out.
    ///   - done: Gets each as it is after its restart.
    /// - Throws: ``ClientError`` `.rolloutFailed` if one does not become healthy: those behind it run on as they are. What
    ///   ``NodeClient/order(_:app:slot:at:key:)`` throws.
    public func run(_ machines: [MachineInfo], done: (MachineInfo) throws -> Void) async throws {
        for machine in machines {
            guard let node = machine.node else { continue }
            _ = try await client.order(.restart, app: machine.app, slot: machine.slot, at: node, key: key)
            try done(try await wait(for: machine))
        }
    }

    private func wait(for before: MachineInfo) async throws -> MachineInfo {
        let start = ContinuousClock.now
        while true {
            let app = try await client.machines().apps.first { $0.app == before.app }
            let now = app?.machines.first { $0.slot == before.slot && $0.state != "draining" }
            switch now?.state {
            case "healthy" where now?.startedMilliseconds != before.startedMilliseconds, "ended":
                if let now { return now }
            case "crashLoop" where ContinuousClock.now - start > MachineRestart.newsTime:
                throw MachineRestart.failed(before, now)
            default: break
            }
            guard ContinuousClock.now - start < patience else { throw MachineRestart.failed(before, now) }
            try await Task.sleep(for: MachineRestart.pause)
        }
    }

    private static func failed(_ before: MachineInfo, _ now: MachineInfo?) -> ClientError {
        let reason = now.map { $0.reason.isEmpty ? "" : " (\($0.reason))" } ?? ""
        return ClientError(
            .rolloutFailed,
            "\(before.app)/\(before.slot) is \(now?.state ?? "nowhere") after its restart\(reason), and machines behind it were "
                + "left as they are. `skerry machines logs \(before.app) --slot \(before.slot)` shows what it wrote; repeat the "
                + "command when the cause is gone")
    }
}
