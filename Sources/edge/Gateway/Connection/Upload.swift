import NIOCore
import Streams

/// A request's body on its way to a function, while the function is at work on it already.
struct Upload {
    /// Bodies of a known length up to this are gathered first: one message to the function costs less than three.
    static let gatheredBytes = 64 * 1024
    /// Bytes that wait for the function before the client is no longer read.
    static let windowBytes = 256 * 1024

    let stream: ByteStream
    private(set) var byteCount = 0
    /// Time that the client kept us waiting, up to `waitStart`.
    private var waited = TimeAmount.zero
    private var waitStart: NIODeadline? = .now()

    init(_ stream: ByteStream) { self.stream = stream }

    var hasRoom: Bool { stream.bufferedBytes < Upload.windowBytes }

    /// - Parameter byteCount: What was appended to the stream just now: not from here, since whoever takes it may come
    ///   back to the request at once.
    mutating func received(_ byteCount: Int) {
        self.byteCount += byteCount
        let now = NIODeadline.now()
        if let waitStart { waited = waited + (now - waitStart) }
        waitStart = hasRoom ? now : nil
    }

    /// The function took something.
    mutating func moved() {
        if waitStart == nil, hasRoom { waitStart = .now() }
    }

    /// The client cannot send, for a reason that lies elsewhere.
    mutating func excuse() {
        if waitStart != nil { waitStart = .now() }
    }

    /// When the client has been too slow; a minimum rate, in which the function's own pauses do not count.
    func deadline(_ settings: Gateway.Settings) -> NIODeadline? {
        guard let waitStart else { return nil }
        let seconds = Int64(byteCount / max(1, settings.minBodyBytesPerSecond))
        return waitStart + TimeAmount(settings.bodyTimeout) + .seconds(seconds) - waited
    }
}
