import Manifests
import NIOCore

/// An app's own page for what fails.
extension Dispatcher {
    /// The answer, with the app's page in place of the node's where a browser would be told that the node failed. What a
    /// function, an origin or a machine says itself stays as it is.
    func withErrorPage(
        _ answer: Answer, _ destination: Destination, _ head: HTTPRequestHead, _ loop: any EventLoop
    ) -> Answer {
        switch answer {
        case .ready(let reply):
            guard Dispatcher.isFailure(reply), let page = Dispatcher.page(destination, head) else { return answer }
            return self.answer(reply, with: page, head, loop)
        case .later(let future):
            guard let page = Dispatcher.page(destination, head) else { return answer }
            return .later(
                future.flatMap { reply in
                    guard Dispatcher.isFailure(reply) else { return loop.makeSucceededFuture(reply) }
                    switch self.answer(reply, with: page, head, loop) {
                    case .ready(let told): return loop.makeSucceededFuture(told)
                    case .later(let future): return future
                    }
                })
        }
    }

    private static func isFailure(_ reply: Reply) -> Bool { reply.error.map { $0.status >= 500 } ?? false }

    private static func page(_ destination: Destination, _ head: HTTPRequestHead) -> SiteManifest.File? {
        guard let page = destination.errorPage, head.method == .get || head.method == .head,
            ErrorPage.prefersHTML(head.fields.combined("accept"))
        else { return nil }
        return page
    }

    /// - Parameter failure: What is answered if the page cannot be had.
    private func answer(
        _ failure: Reply, with page: SiteManifest.File, _ head: HTTPRequestHead, _ loop: any EventLoop
    ) -> Answer {
        var reply = failure
        reply.fields.removeAll { $0.name == "content-type" }
        reply.fields.append(("content-type", page.contentType))
        reply.contentLength = page.byteCount
        reply.body = .none
        if head.method == .head || page.byteCount == 0 { return .ready(reply) }
        if let bytes = blobs.hot(page.blob) {
            guard bytes.readableBytes == page.byteCount else { return .ready(failure) }
            reply.body = .bytes(bytes)
            return .ready(reply)
        }
        let opened = blobs.open(page.blob, on: loop).hop(to: loop)
        return .later(
            opened.map { [reply] blob in
                guard blob.byteCount == page.byteCount else {
                    blob.close()
                    return failure
                }
                let whole = 0..<page.byteCount
                blob.demand(whole)
                var told = reply
                told.body = .stream(blob, [.range(whole)])
                return told
            }.recover { _ in failure })
    }
}
