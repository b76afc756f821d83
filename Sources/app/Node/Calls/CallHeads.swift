import Calls
import NIOCore
import Peering
import Synchronization

/// The heads of one call's answer, interim ones and then the final one, for a node that asks for each.
final class CallHeads: Sendable {
    /// Makes the final head. It is called once, when it is asked for or when nobody will.
    typealias Last = @Sendable () -> ByteBuffer

    private struct State {
        var interim: [ByteBuffer] = []
        var interimCount = 0
        var last: Last?
        var asker: EventLoopPromise<ByteBuffer>?
        /// The final head was taken, or nobody asks any more.
        var isOver = false
    }

    private enum Next {
        case head(ByteBuffer)
        case last(Last)
        case wait(EventLoopFuture<ByteBuffer>)
        case refuse
    }

    private let state = Mutex(State())

    /// Tells of an interim answer, if it is one of the first and can be sent.
    func add(_ status: Int, _ headers: [(name: String, value: String)]) {
        guard CallFrames.mayCarry(headers) else { return }
        let head = CallFrames.encode(.interim(status: UInt16(clamping: status), headers: headers))
        let asker = state.withLock { state -> EventLoopPromise<ByteBuffer>? in
            guard !state.isOver, state.last == nil, state.interimCount < CallFrames.maxInterimAnswers
            else { return nil }
            state.interimCount += 1
            if state.asker == nil { state.interim.append(head) }
            return state.asker.take()
        }
        asker?.succeed(head)
    }

    /// The final head is there.
    func finish(_ last: @escaping Last) {
        let (asker, isOver) = state.withLock { state -> (EventLoopPromise<ByteBuffer>?, Bool) in
            if state.asker == nil, !state.isOver { state.last = last } else { state.isOver = true }
            return (state.asker.take(), state.isOver)
        }
        if isOver {
            let head = last()
            asker?.succeed(head)
        }
    }

    /// The next head, when it is there; fails with `PeerError` if there is none, or if it was asked for already.
    func next(on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        let next = state.withLock { state -> Next in
            if !state.interim.isEmpty { return .head(state.interim.removeFirst()) }
            if let last = state.last.take() {
                state.isOver = true
                return .last(last)
            }
            guard !state.isOver, state.asker == nil else { return .refuse }
            let asker = eventLoop.makePromise(of: ByteBuffer.self)
            state.asker = asker
            return .wait(asker.futureResult)
        }
        switch next {
        case .head(let head): return eventLoop.makeSucceededFuture(head)
        case .last(let last): return eventLoop.makeSucceededFuture(last())
        case .wait(let head): return head
        case .refuse:
            return eventLoop.makeFailedFuture(PeerError(.refused, "The answer's next head is asked for already"))
        }
    }

    /// Nobody asks any more.
    func stop() {
        let last = state.withLock { state -> Last? in
            state.isOver = true
            state.interim = []
            return state.last.take()
        }
        _ = last?()
    }
}
