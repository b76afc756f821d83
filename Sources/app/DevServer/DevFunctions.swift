import Bundling
import Foundation
import Functions
import Gateway
import Manifests
import NIOCore

/// Runs the app's function, and answers with a page that says where it failed.
struct DevFunctions: GatewayFunctions {
    let state: DevState

    func invoke(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<FunctionResponse, any Error>) -> Void
    ) {
        answer(release, request, on: eventLoop).whenComplete(completion)
    }

    private func answer(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<FunctionResponse> {
        let wantsHTML = request.headers.contains { $0.name == "accept" && $0.value.lowercased().contains("text/html") }
        switch state.content {
        case .loading: return eventLoop.makeFailedFuture(DevFunctions.gone)
        case .failed(let text):
            return eventLoop.makeSucceededFuture(
                DevPage(title: "The app cannot be served as it is", text: text).response(html: wantsHTML))
        case .loaded(let loaded):
            guard let function = loaded.app.function, let pool = loaded.pool else {
                return eventLoop.makeFailedFuture(DevFunctions.gone)
            }
            let id = request.id
            let event = DevSchedule.event(
                request.url, function.cron, time: Int64(Date().timeIntervalSince1970 * 1_000))
            if case .unknown(let text) = event {
                return eventLoop.makeSucceededFuture(
                    DevPage(title: "No handler was called", text: text).response(html: wantsHTML))
            }
            let code = FunctionCode(
                script: loaded.app.code, fileName: function.sourceName,
                environment: function.environmentText(nodeID: "dev", extraVars: loaded.app.devVars),
                limits: FunctionLimits(
                    cpu: .milliseconds(function.limits.cpuMilliseconds), memoryBytes: function.limits.memoryBytes))
            return pool.invoke(
                loaded.version, DevFunctions.call(request, event), code: { code }, on: eventLoop
            )
            .map { DevFunctions.response($0, event) }
            .flatMapErrorThrowing { error in
                guard let error = error as? FunctionError else { throw error }
                let stack = state.error(of: id) ?? loaded.app.mapper?.rewrite(error.message) ?? error.message
                let title = "\(request.method) failed with \(error.code.rawValue)"
                let isWhole = stack.contains(error.message)
                return DevPage(title: title, text: isWhole ? stack : "\(error.message)\n\n\(stack)")
                    .response(html: wantsHTML)
            }
        }
    }

    private static func call(_ request: FunctionRequest, _ event: DevSchedule.Event?) -> FunctionCall {
        if case .call(let url, _) = event {
            return FunctionCall(id: request.id, trace: request.trace, method: DevSchedule.method, url: url)
        }
        let body: FunctionBody =
            switch request.body {
            case .bytes(let bytes): .bytes(bytes)
            case .stream(let stream): .stream(stream)
            }
        return FunctionCall(
            id: request.id, trace: request.trace, method: request.method, url: request.url, headers: request.headers,
            body: body)
    }

    private static func response(_ reply: FunctionReply, _ event: DevSchedule.Event?) -> FunctionResponse {
        if case .call(_, let schedule) = event {
            return FunctionResponse(
                status: 200, headers: [("content-type", "text/plain; charset=utf-8")],
                body: .bytes(ByteBuffer(string: "scheduled() was called for \(schedule)\n")))
        }
        let body: FunctionRequest.Body =
            switch reply.body {
            case .bytes(let bytes): .bytes(bytes)
            case .stream(let stream): .stream(stream)
            }
        return FunctionResponse(status: reply.status, headers: reply.headers, body: body)
    }

    private static let gone = GatewayError(
        .appUnavailable, "The app is being read; try again", origin: .node)
}

/// A page for the developer.
struct DevPage {
    let title: String
    let text: String

    func response(html: Bool) -> FunctionResponse {
        let body = html ? page : "\(title)\n\n\(text)\n"
        return FunctionResponse(
            status: 500,
            headers: [
                ("content-type", html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"),
                ("cache-control", "no-store"),
            ], body: .bytes(ByteBuffer(string: body)))
    }

    private var page: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(DevPage.escape(title))</title>
        <style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:8vh auto;padding:0 1rem}\
        pre{background:#8882;padding:1rem;overflow:auto;white-space:pre-wrap}</style>
        </head>
        <body>
        <h1>\(DevPage.escape(title))</h1>
        <pre>\(DevPage.escape(text))</pre>
        <p>Save a change and load this page again.</p>
        </body>
        </html>

        """
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
