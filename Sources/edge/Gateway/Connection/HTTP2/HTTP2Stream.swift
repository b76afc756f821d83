import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams

/// One request of an HTTP/2 connection and its answer.
///
/// The client may send no more while its body waits for whoever takes it, and an answer's content is read no further than
/// a block ahead of what the client takes. Trailers are dropped.
final class HTTP2Stream {
    enum Phase {
        case receiving, answering, tunnelling, answered, closed
    }

    let id: HTTP2StreamID
    let connection: HTTP2Connection
    var dispatcher: Dispatcher { connection.dispatcher }
    var settings: Gateway.Settings { connection.dispatcher.settings }

    /// Nil for a request that could not be read.
    let head: HTTPRequestHead?
    let destination: Destination
    /// Whether the client wants to speak another protocol on this stream.
    let asksForTunnel: Bool
    let cancellation = Cancellation()
    let started = NIODeadline.now()
    var phase = Phase.receiving
    /// When the phase began, or last got anywhere.
    var progress: NIODeadline

    /// The client has sent everything.
    var isReceived = false
    /// Of the request's body.
    var receivedBytes = 0
    /// What is gathered of it.
    var body = ByteBuffer()
    var upload: Upload?
    /// The client's bytes on their way to whoever takes them: a function at work, or the other side of a tunnel.
    var inbound: ByteStream?
    /// What frames took of the window and was not given back.
    var owedBytes = 0
    /// What waits of it for whoever takes it.
    var untakenBytes = 0

    var reply: Reply?
    /// The answer's head, until the first bytes of its body are there.
    var waitingHead: HPACKHeaders?
    var pump: (any Pump)?
    /// The piece of the answer's body that is being sent.
    var pending = ByteBuffer()
    /// Nothing comes behind `pending`.
    var isEnding = false
    /// Of the answer's body, as far as it has come here.
    var bodyBytes = 0
    /// Bytes that the client takes.
    var window: Int
    /// Whether it waits for its turn to send.
    var hasTurn = false
    /// Bytes that were sent since `progress`.
    var pacedBytes = 0

    /// Content that is held for the piece that is being sent, and for the one behind it.
    var heldBytes = 0
    var aheadBytes = 0
    /// What it would hold if there were room; see ``HTTP2Content``.
    var wantedBytes = 0
    var waitsForRoom = false

    init(_ id: HTTP2StreamID, _ connection: HTTP2Connection, _ head: HTTPRequestHead?, _ destination: Destination) {
        self.id = id
        self.connection = connection
        self.head = head
        self.destination = destination
        asksForTunnel = head?.upgrade != nil
        progress = started
        window = connection.output.streamWindow
    }

    /// Lets go of everything; the stream is gone.
    func end() {
        guard phase != .closed else { return }
        let last = phase
        phase = .closed
        connection.remove(self)
        if last != .answered {
            if let reply { record(reply, at: .now(), broken: last == .answering) }
            cancellation.cancel()
        }
        breakUpload()
        if last == .tunnelling { inbound?.fail(GatewayTunnel.Broken()) }
        inbound = nil
        connection.untakenBytes -= untakenBytes
        pump?.close()
        pump = nil
        pending = ByteBuffer()
        letGo()
    }

    /// Lets go of the content that is held for it.
    private func letGo() {
        let count = heldBytes + aheadBytes
        guard count > 0 || waitsForRoom else { return }
        heldBytes = 0
        aheadBytes = 0
        wantedBytes = 0
        connection.letGo(count)
    }

    /// Ends the stream without completing what it sends.
    func reset(_ code: HTTP2ErrorCode) {
        guard phase != .closed else { return }
        connection.writeReset(code, on: id)
        end()
        connection.flush()
    }

    /// Nothing more comes on the connection. Who closes one side is gone, as a rule: nobody computes for it, or sends what
    /// may go on for ever.
    func inputClosed() {
        switch phase {
        case .receiving, .tunnelling: reset(.cancel)
        case .answering: if !isReceived || pump is FlowPump || awaitsFunction { reset(.cancel) }
        case .answered: end()
        case .closed: break
        }
    }

    /// A function is at work on the answer.
    private var awaitsFunction: Bool {
        guard reply == nil, case .function = destination else { return false }
        return true
    }

    /// Ends the stream if its client has been too slow, or its answer too long in the making.
    func check(_ now: NIODeadline) {
        switch phase {
        case .closed: break
        case .receiving:
            // Other requests' bodies keep the client from sending.
            if connection.holdsClientBack { progress = progress + HTTP2Connection.tick }
            let seconds = Int64(receivedBytes / max(1, settings.minBodyBytesPerSecond))
            guard now >= progress + TimeAmount(settings.bodyTimeout) + .seconds(seconds) else { return }
            refuseSlowBody()
        case .answering: checkAnswer(now)
        case .tunnelling:
            let limit = isStalled ? settings.writeTimeout : settings.tunnelIdleTimeout
            if now >= progress + TimeAmount(limit) { reset(.cancel) }
        case .answered:
            // Sent, as far as we are concerned; the client takes it or goes.
            if now >= progress + TimeAmount(settings.writeTimeout) { reset(.cancel) }
        }
    }

    /// The client is waited for.
    private var isStalled: Bool { pending.readableBytes > 0 }

    private func checkAnswer(_ now: NIODeadline) {
        if connection.holdsClientBack { upload?.excuse() }
        if let late = upload?.deadline(settings), now >= late {
            guard reply == nil else { return reset(.cancel) }
            return refuseSlowBody()
        }
        guard now >= progress + TimeAmount(isStalled ? settings.writeTimeout : settings.answerTimeout) else { return }
        if isStalled { return reset(.cancel) }
        let error = GatewayError(
            .answerTimeout, "Nothing answered within \(settings.answerTimeout); try again", origin: .node)
        guard reply != nil else { return refuse(error) }
        pump?.close()
        pumpFailed(error)
    }

    private func refuseSlowBody() {
        let message = "The body came slower than \(settings.minBodyBytesPerSecond) bytes a second"
        refuse(GatewayError(.requestTimeout, message, origin: .client))
    }
}
