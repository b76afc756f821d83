import Logging
import NIOCore

/// One timer a connection. It is moved only when something must happen earlier than it fires, so that a busy connection
/// does not touch it for each request.
extension HTTP1Connection {
    /// When the present phase has taken too long.
    private var deadline: NIODeadline {
        switch phase {
        case .idle:
            if let headStarted { return headStarted + TimeAmount(settings.headTimeout) }
            let isWaiting = parser.bufferedBytes > 0
            return progress + TimeAmount(isWaiting ? settings.writeTimeout : settings.idleTimeout)
        case .receiving:
            // A minimum rate and not a pause limit: a client that sends a byte now and then gains nothing.
            let seconds = (current?.bodyBytes ?? 0) / max(1, settings.minBodyBytesPerSecond)
            return progress + TimeAmount(settings.bodyTimeout) + .seconds(Int64(seconds))
        case .answering:
            let isStalled = streaming != nil && !pumpMayWrite
            let answer = progress + TimeAmount(isStalled ? settings.writeTimeout : settings.answerTimeout)
            return min(answer, upload?.deadline(settings) ?? answer)
        case .tunnelling:
            return progress + TimeAmount(pumpMayWrite ? settings.tunnelIdleTimeout : settings.writeTimeout)
        case .lingering:
            return progress + TimeAmount(isOutputClosed ? settings.lingerTimeout : settings.writeTimeout)
        case .closed: return .distantFuture
        }
    }

    func arm() {
        guard phase != .closed, let context else { return }
        let deadline = deadline
        if timer != nil, timerDeadline <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.fired() }
    }

    private func fired() {
        timer = nil
        guard phase != .closed else { return }
        guard NIODeadline.now() >= deadline else { return arm() }
        expire()
        settle()
    }

    private func expire() {
        switch phase {
        case .idle:
            if headStarted != nil {
                let message = "The header section did not arrive within \(settings.headTimeout)"
                refuse(GatewayError(.requestTimeout, message, origin: .client))
            } else if parser.bufferedBytes > 0 || !pumpMayWrite {
                abort()
            } else {
                finishConnection()
            }
        case .receiving: refuseSlowBody()
        case .answering: expireAnswer()
        case .tunnelling, .lingering, .closed: abort()
        }
    }

    private func refuseSlowBody() {
        let message = "The body came slower than \(settings.minBodyBytesPerSecond) bytes a second"
        refuse(GatewayError(.requestTimeout, message, origin: .client))
    }

    private func expireAnswer() {
        if let late = upload?.deadline(settings), NIODeadline.now() >= late {
            guard streaming == nil, !isAnswered else { return abort() }
            generation += 1
            return refuseSlowBody()
        }
        if isAnswered { return abort() }
        let error = GatewayError(
            .answerTimeout, "Nothing answered within \(settings.answerTimeout); try again", origin: .node)
        guard streaming != nil else {
            generation += 1
            return refuse(error)
        }
        guard pumpMayWrite else {
            logger.debug("A client takes no bytes", metadata: ["remote": "\(client.ip)"])
            return abort()
        }
        pump?.close()
        pumpFailed(error)
    }
}
