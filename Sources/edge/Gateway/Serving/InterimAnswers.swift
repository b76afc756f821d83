import NIOCore

/// What sends interim answers: a connection or a stream. Used on its event loop only.
protocol InterimSender: AnyObject {
    /// Sends one if the answer to the request is still awaited, and does nothing otherwise.
    ///
    /// - Parameter generation: Tells the requests of one sender apart.
    func sendInterim(_ status: Int, _ fields: [(name: String, value: String)], for generation: Int)
}

/// Lets whoever answers one request send interim answers (RFC 9110 section 15.2) ahead. Any thread.
struct InterimAnswers: Sendable {
    private let sender: NIOLoopBound<any InterimSender>
    private let loop: any EventLoop
    private let generation: Int

    /// On the sender's event loop.
    init(_ sender: any InterimSender, _ loop: any EventLoop, generation: Int = 0) {
        self.sender = NIOLoopBound(sender, eventLoop: loop)
        self.loop = loop
        self.generation = generation
    }

    /// - Parameters:
    ///   - status: 102 to 199.
    ///   - fields: Names in lower case, values checked.
    func send(_ status: Int, _ fields: [(name: String, value: String)]) {
        // At once where that is possible: the answer may follow within the same turn.
        guard !loop.inEventLoop else { return sender.value.sendInterim(status, fields, for: generation) }
        loop.execute { sender.value.sendInterim(status, fields, for: generation) }
    }
}
