import Foundation
import Synchronization

/// A progress line for a transfer.
final class Meter: Sendable {
    private struct State {
        var bytes = 0
        var total: Int?
        var note = ""
        var shown = ContinuousClock.now
    }

    private let verb: String
    private let state: Mutex<State>
    private let start = ContinuousClock.now
    private static let interval = Duration.milliseconds(100)
    private static let barWidth = 24

    init(_ verb: String, total: Int?) {
        self.verb = verb
        state = Mutex(State(total: total))
    }

    func add(_ bytes: Int) { update { $0.bytes += bytes } }

    func set(_ bytes: Int, total: Int?) {
        update {
            $0.bytes = bytes
            $0.total = total
        }
    }

    /// Text behind the rate, such as where the bytes come from.
    func annotate(_ note: String) { update { $0.note = note } }

    private func update(_ change: (inout State) -> Void) {
        let now = ContinuousClock.now
        let line = state.withLock { state -> String? in
            change(&state)
            guard now - state.shown >= Meter.interval else { return nil }
            state.shown = now
            return text(state, elapsed: now - start)
        }
        if let line { Terminal.progress(line) }
    }

    private func text(_ state: State, elapsed: Duration) -> String {
        let rate = Human.rate(state.bytes, elapsed)
        guard let total = state.total, total > 0 else {
            return "\(verb) \(Human.bytes(state.bytes)) at \(rate)\(state.note)"
        }
        let filled = min(Meter.barWidth, Meter.barWidth * state.bytes / total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Meter.barWidth - filled)
        let share = "\(100 * state.bytes / total)% of \(Human.bytes(total))"
        return "\(verb) \(bar) \(share) at \(rate)\(state.note)"
    }
}
