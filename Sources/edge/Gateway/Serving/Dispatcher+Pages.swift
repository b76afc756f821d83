import NIOCore

/// The node's own pages.
extension Dispatcher {
    private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"
    private static let textType = "text/plain; charset=utf-8"
    private static let htmlType = "text/html; charset=utf-8"

    func page(_ page: NodePage, _ request: GatewayRequest) -> Reply {
        let head = request.head
        if let refusal = refuseMethod(head, .page) { return refusal }
        switch page {
        case .welcome: return welcome(head)
        case .alive: return text(200, "alive\n", Dispatcher.textType)
        case .ready:
            let (ready, detail) = pages.health()
            var reply = text(ready ? 200 : 503, "\(ready ? "ready" : "not ready"): \(detail)\n", Dispatcher.textType)
            if !ready { reply.fields.append(("retry-after", "2")) }
            return reply
        case .metrics:
            guard mayReadMetrics(request) else {
                let message = "Metrics are served only to this machine, by address: http://127.0.0.1:<port>/metrics"
                return failure(GatewayError(.forbidden, message, origin: .client), head, .page)
            }
            return text(200, pages.metrics(), Dispatcher.metricsType)
        }
    }

    /// A web page elsewhere can make a browser on this machine ask under a name that it made point here, and a proxy on
    /// this machine, or a node for an app's origin, speaks for everybody: none counts as this machine.
    private func mayReadMetrics(_ request: GatewayRequest) -> Bool {
        let fields = request.head.fields
        return request.client.isLoopback && HostName.isAddress(request.head.authority?.host ?? "localhost")
            && ["x-forwarded-for", "forwarded", "cdn-loop"].allSatisfy { fields.first($0) == nil }
    }

    private func welcome(_ head: HTTPRequestHead) -> Reply {
        let lines = [
            "This is a node of a Skerry network.", "Node: \(pages.nodeID)",
            "Apps live at http://<name>.localhost, raw content at /blobs/<id>.",
            "For operators: /healthz, /readyz, and from this machine /metrics.",
        ]
        guard ErrorPage.prefersHTML(head.fields.combined("accept")) else {
            return text(200, lines.joined(separator: "\n") + "\n", Dispatcher.textType)
        }
        let paragraphs = lines.map { "<p>\(ErrorPage.escape($0))</p>" }.joined(separator: "\n")
        let page = """
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Skerry node</title>
            <style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem;\
            overflow-wrap:anywhere}</style></head>
            <body>
            <h1>Skerry</h1>
            \(paragraphs)
            </body>
            </html>

            """
        return text(200, page, Dispatcher.htmlType)
    }

    private func text(_ status: Int, _ text: String, _ type: String) -> Reply {
        let body = ByteBuffer(string: text)
        let fields = [
            ("content-type", type), ("cache-control", "no-store"), ("x-content-type-options", "nosniff"),
        ]
        return Reply(
            status: status, fields: fields, contentLength: body.readableBytes, body: .bytes(body), kind: .page)
    }
}
