import Foundation
import Functions
import Identity
import Ledger
import LedgerLog
import Logging
import Manifests
import Membership
import NIOCore
import Placement

/// Calls functions by the clock: each minute, the first living replica of an app calls those of its live release that are
/// due.
///
/// As a rule an event comes once. It may come twice while nodes disagree on who is alive, and not at all in the minute
/// in which the first replica dies; minutes that a node slept through are not made up for.
struct CronRunner: Sendable {
    /// How an event's request is marked for the worker.
    private static let method = "SCHEDULED"
    private static let minute: Int64 = 60_000

    let node: NodeID
    let keeper: LedgerKeeper
    let membership: Membership
    let releases: FunctionReleases
    let calls: FunctionCalls
    let group: any EventLoopGroup
    let logger: Logger

    /// Runs until cancelled.
    func run() async {
        var next = CronRunner.nextMinute(after: CronRunner.now())
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(max(1, min(next - CronRunner.now(), CronRunner.minute))))
            let now = CronRunner.now()
            guard !Task.isCancelled, now >= next else { continue }
            // After a sleep, or when somebody set the clock, only the present minute counts.
            let due = now - next < CronRunner.minute ? next : now / CronRunner.minute * CronRunner.minute
            next = CronRunner.nextMinute(after: due)
            await call(at: due)
        }
    }

    /// Calls what is due in the minute that begins at `time`, milliseconds since 1970. Returns when all are begun.
    func call(at time: Int64) async {
        let state = keeper.state
        let minute = CronExpression.Minute(milliseconds: time)
        for record in state.names {
            let app = record.name.description
            guard let live = record.live, let release = state.release(live, of: record.name),
                release.kind.mayRunCode, isFirst(for: app, state)
            else { continue }
            do {
                guard let function = try await releases.function(of: release) else { continue }
                for pattern in function.cron where pattern.matches(minute) {
                    call(release, app, pattern.description, time)
                }
            } catch {
                logger.warning(
                    "an app's schedules cannot be read", metadata: ["app": "\(app)", "error": "\(error)"])
            }
        }
    }

    private func isFirst(for app: String, _ state: LedgerState) -> Bool {
        let replicas = Rendezvous.replicas(
            state.participants.map(\.id), for: app, count: Int(state.parameters.replicas))
        return replicas.first { $0 == node || membership.state(of: $0) == .alive } == node
    }

    private func call(_ release: ReleaseRecord, _ app: String, _ pattern: String, _ time: Int64) {
        guard let found = releases.release(release.id.description, of: app) else { return }
        let call = FunctionCall(
            id: String(UInt64.random(in: 0 ... .max), radix: 16), method: CronRunner.method,
            url: "cron:\(pattern)?time=\(time)")
        calls.invoke(found.version, call, on: group.next())
            .whenComplete { result in
                switch result {
                case .success(let reply): reply.body.stop()
                case .failure(let error):
                    logger.info("a scheduled call failed", metadata: ["app": "\(app)", "error": "\(error)"])
                }
            }
    }

    static func nextMinute(after time: Int64) -> Int64 { (time / minute + 1) * minute }

    private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

extension CronExpression.Minute {
    /// The minute, in UTC, of a time in milliseconds since 1970.
    init(milliseconds: Int64) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
        let parts = calendar.dateComponents([.minute, .hour, .day, .month, .weekday], from: date)
        self.init(
            minute: parts.minute ?? 0, hour: parts.hour ?? 0, day: parts.day ?? 1, month: parts.month ?? 1,
            weekday: (parts.weekday ?? 1) - 1)
    }
}
