import CConsole
import HTTPTypes
import Hummingbird
import NIOCore

/// The console: a page that shows in a browser on this machine what the API says. It only reads.
struct Console: RouterMiddleware {
    /// A browser loads nothing but the console's own files, asks nobody but this API, and shows the page in no other one.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    private static let files = [
        "/": file(skerry_console_page(), "text/html; charset=utf-8"),
        "/console.css": file(skerry_console_style(), "text/css; charset=utf-8"),
        "/console.js": file(skerry_console_script(), "text/javascript; charset=utf-8"),
    ]

    private static func file(_ file: skerry_console_file, _ type: String) -> Response {
        let bytes = ByteBuffer(bytes: UnsafeBufferPointer(start: file.bytes, count: file.count))
        let headers: HTTPFields = [
            .contentType: type, .contentLength: "\(file.count)", .cacheControl: "no-cache",
            .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff",
        ]
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: bytes))
    }

    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        guard let file = Console.files[request.uri.path] else { return try await next(request, context) }
        switch request.method {
        case .get: return file
        case .head: return file.createHeadResponse()
        default:
            throw HTTPError(
                .methodNotAllowed, headers: [.allow: "GET, HEAD"], message: "The console is only read: GET or HEAD")
        }
    }
}
