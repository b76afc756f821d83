import NIOCore
import NIOHTTP2

/// What a client takes, and whose turn it is to send.
struct HTTP2Output {
    /// What both sides may send at first, on a stream and in all (RFC 9113 section 6.9.2).
    static let initialWindow = 65_535
    /// The smallest that a client can set (RFC 9113 section 6.5.2), and what it gets if it sets nothing.
    private static let initialFrameBytes = 16 * 1024
    /// The largest frame that is made, so that no stream keeps the others waiting for long.
    private static let maxFrameBytes = 64 * 1024

    /// Bytes that the client takes on all streams together; never less than zero.
    var window = HTTP2Output.initialWindow
    /// Bytes that it takes on a new stream.
    private(set) var streamWindow = HTTP2Output.initialWindow
    private(set) var frameBytes = HTTP2Output.initialFrameBytes
    /// Streams that can send, each once, in the order of their turns.
    private var turns = CircularBuffer<HTTP2Stream>(initialCapacity: 8)
    /// Whether turns are being taken.
    var isSending = false
    /// A reset may have thrown away what NIOHTTP2 had not sent yet, so that `window` is too small.
    var isUncertain = false
    /// The window that NIOHTTP2 has told since.
    var toldWindow: Int?

    var isEmpty: Bool { turns.isEmpty }

    /// Gives `stream` a turn behind all others if it has none.
    mutating func add(_ stream: HTTP2Stream) {
        guard !stream.hasTurn, stream.canSend else { return }
        stream.hasTurn = true
        turns.append(stream)
    }

    mutating func next() -> HTTP2Stream? {
        guard let stream = turns.popFirst() else { return nil }
        stream.hasTurn = false
        return stream
    }

    mutating func removeAll() { turns.removeAll() }

    /// NIOHTTP2 has nothing left to send: its window is the window.
    mutating func makeCertain() {
        guard isUncertain, let toldWindow else { return }
        window = toldWindow
        isUncertain = false
        self.toldWindow = nil
    }

    /// - Returns: How much the windows of open streams change.
    mutating func take(_ settings: HTTP2Settings) -> Int {
        let before = streamWindow
        for setting in settings {
            switch setting.parameter {
            case .initialWindowSize: streamWindow = setting.value
            case .maxFrameSize: frameBytes = min(setting.value, HTTP2Output.maxFrameBytes)
            default: break
            }
        }
        return streamWindow - before
    }
}

/// Answers' bodies go out by turns, a frame each, as far as the client's windows and the socket allow: what NIOHTTP2 is
/// given it can send at once, so that nothing waits there.
extension HTTP2Connection {
    /// Rounds before other connections of the loop get their turn.
    private static let maxRounds = 4

    /// `stream` has something to send, or may again.
    func ready(_ stream: HTTP2Stream) {
        output.add(stream)
        flush()
    }

    /// Whether so many bytes may go out now, in one frame.
    func mayWrite(_ byteCount: Int) -> Bool {
        isWritable && byteCount <= output.window && byteCount <= output.frameBytes
    }

    func writeData(
        _ bytes: ByteBuffer, endStream: Bool, on id: HTTP2StreamID, promise: EventLoopPromise<Void>? = nil
    ) {
        output.window -= bytes.readableBytes
        write(.data(.init(data: .byteBuffer(bytes), endStream: endStream)), on: id, promise: promise)
    }

    /// Lets streams send by turns. A round is what the socket's queue holds: only then it is known whether it takes more.
    func sendTurns() {
        guard !output.isSending, !output.isEmpty else { return }
        output.isSending = true
        defer { output.isSending = false }
        var rounds = 0
        while isWritable, output.window > 0, !output.isEmpty {
            guard rounds < HTTP2Connection.maxRounds else {
                loop.assumeIsolated().execute { self.flush() }
                return
            }
            rounds += 1
            var rest = max(1, settings.writeQueueBytes)
            while rest > 0, output.window > 0, let stream = output.next() {
                rest -= stream.sendFrame(min(output.frameBytes, output.window))
                output.add(stream)
            }
            flushRound()
        }
    }

    /// The client takes more, on one stream or on all together. What it may not say NIOHTTP2 has answered.
    func windowGrows(_ id: HTTP2StreamID, by increment: Int) {
        if id == .rootStream {
            output.window += increment
            flush()
        } else if let stream = streams[id] {
            stream.window += increment
            ready(stream)
        }
    }

    func take(_ settings: HTTP2Settings) {
        let change = output.take(settings)
        guard change != 0 else { return }
        for stream in streams.all {
            stream.window += change
            output.add(stream)
        }
        flush()
    }
}
