import NIOCore

/// Counts and logs answered requests, the same for every protocol.
struct AnswerRecorder {
    let metrics: GatewayMetrics
    let log: AccessLog?

    /// - Parameters:
    ///   - head: Nil when the request could not be read.
    ///   - broken: Whether the answer was not sent to the end.
    func record(
        _ reply: Reply, _ head: HTTPRequestHead?, from client: ClientAddress, bodyBytes: Int, nanoseconds: Int64,
        broken: Bool = false, on loop: any EventLoop
    ) {
        metrics.answered(reply.kind, status: reply.status, bodyBytes: bodyBytes, nanoseconds: nanoseconds)
        if broken { metrics.bodyBroken() }
        guard let log else { return }
        log.add(
            AccessEntry(
                method: head?.method.rawValue ?? "-", host: head?.authority?.description ?? "-",
                path: head?.path ?? "-", status: reply.status, bytes: bodyBytes, micros: Int(nanoseconds / 1_000),
                kind: reply.kind.description, remote: client.ip, error: reply.error?.code.description,
                request: reply.id, cache: reply.timing?.cache, isBroken: broken), on: loop)
    }
}
