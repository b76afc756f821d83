import Synchronization

/// Who hears of the interim answers to which request. The HTTP client knows no such thing, so the request's head carries a
/// number in a field that `InterimHandler` takes out again.
final class InterimListeners: Sendable {
    /// The field with the number. A visitor's own is not passed on.
    static let fieldName = "skerry-interim"

    private let state = Mutex((next: UInt64(0), waiting: [String: OriginRequest.InterimListener]()))

    /// - Returns: The number, for ``remove(_:)`` when the request is over.
    func add(_ listener: @escaping OriginRequest.InterimListener) -> String {
        state.withLock { state in
            state.next &+= 1
            let number = String(state.next)
            state.waiting[number] = listener
            return number
        }
    }

    func take(_ number: String) -> OriginRequest.InterimListener? { state.withLock { $0.waiting[number] } }

    func remove(_ number: String) { state.withLock { $0.waiting[number] = nil } }
}
