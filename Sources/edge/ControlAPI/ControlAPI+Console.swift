import CConsole
import HTTPTypes
import Hummingbird
import NIOCore

/// The console: a page that shows in a browser on this machine what the API says. It only reads.
extension ControlAPI {
    /// A browser loads nothing but the console's own files, asks nobody but this API, and shows the page in no other one.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    func addConsole(to router: Router<ControlContext>) {
        add(skerry_console_page(), "text/html; charset=utf-8", at: "/", to: router)
        add(skerry_console_style(), "text/css; charset=utf-8", at: "/console.css", to: router)
        add(skerry_console_script(), "text/javascript; charset=utf-8", at: "/console.js", to: router)
    }

    private func add(
        _ file: skerry_console_file, _ type: String, at path: RouterPath, to router: Router<ControlContext>
    ) {
        let bytes = ByteBuffer(bytes: UnsafeBufferPointer(start: file.bytes, count: file.count))
        let headers: HTTPFields = [
            .contentType: type, .contentLength: "\(file.count)", .cacheControl: "no-cache",
            .contentSecurityPolicy: ControlAPI.policy, .xContentTypeOptions: "nosniff",
        ]
        router.get(path) { _, _ in Response(status: .ok, headers: headers, body: .init(byteBuffer: bytes)) }
    }
}
