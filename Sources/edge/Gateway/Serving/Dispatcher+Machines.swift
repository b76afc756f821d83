import NIOCore
import Streams

/// Machines.
extension Dispatcher {
    func machine(
        _ release: MachineRelease, _ request: GatewayRequest, _ loop: any EventLoop, _ context: LoopContext
    ) -> Answer {
        let head = request.head
        let trace = TraceContext(parent: head.fields.first("traceparent"), random: &context.random)
        let path = Dispatcher.path(head.path, without: release.strippedPrefix) ?? head.path
        let interim = request.interim.map { answers -> MachineRequest.InterimListener in
            { status, fields in answers.send(status, fields) }
        }
        let call = MachineRequest(
            id: trace.span, trace: trace.header, method: head.method.rawValue,
            target: head.query.map { "\(path)?\($0)" } ?? path,
            headers: FunctionFields.request(head, bodyBytes: nil, client: request.client, trace: trace),
            bodyBytes: head.body == .none ? 0 : request.bodyByteCount,
            body: request.upload.map { .stream($0) } ?? .bytes(request.body), upgrade: request.upgrade,
            cancellation: request.cancellation, interim: interim)
        let answered = machines.respond(release, call, on: loop).hop(to: loop)
        return .later(
            answered.flatMapThrowing { answer in
                switch answer {
                case .content(let content): self.reply(content, head, .machine)
                case .tunnel(let tunnel): try self.reply(tunnel, request, .machine)
                }
            }
            .flatMapErrorThrowing { self.failure($0, head, .machine, id: trace.span) })
    }
}
