import Foundation
import Manifests

/// Calls a function for a schedule when somebody asks for it: here no clock does.
enum DevSchedule {
    /// What a request for ``path`` asks for.
    enum Event: Equatable {
        /// The URL of the event, as workers are given it, and its schedule.
        case call(url: String, schedule: String)
        /// The app has no such schedule; what to ask for instead.
        case unknown(String)
    }

    /// A path of the server's own, in apps that have schedules.
    static let path = "/__scheduled"
    /// How an event's request is marked for the worker.
    static let method = "SCHEDULED"

    /// The paths that are a function's: those of the app, and ``path`` where it has schedules. No routes stay none.
    static func routes(_ routes: [RoutePattern], hasSchedules: Bool) -> [RoutePattern] {
        guard hasSchedules, !routes.isEmpty, let own = RoutePattern(path), !routes.contains(own) else { return routes }
        return routes + [own]
    }

    /// The event that a request asks for: `?cron=` names a schedule of the app, the first one if nothing does. Nil for
    /// any other request.
    ///
    /// - Parameter time: Milliseconds since 1970.
    static func event(_ url: String, _ schedules: [CronExpression], time: Int64) -> Event? {
        guard let first = schedules.first, let parts = URLComponents(string: url.replacing("+", with: "%20")),
            parts.path == path
        else { return nil }
        let asked = parts.queryItems?.first { $0.name == "cron" }?.value ?? first.description
        guard let schedule = schedules.map(\.description).first(where: { $0 == asked }) else {
            let known = schedules.map { "\(path)?cron=\($0.description.replacing(" ", with: "+"))" }
            return .unknown("The app has no schedule \"\(asked)\"; ask for \(known.joined(separator: " or "))")
        }
        return .call(url: "cron:\(schedule)?time=\(time)", schedule: schedule)
    }
}
