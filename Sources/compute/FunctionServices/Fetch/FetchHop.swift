import NIOHTTP1
import Outbound

/// One request of a fetch. Redirects lead from one hop to the next; this is what they change.
///
/// The rules are those of the Fetch standard, section 4.5 "HTTP-redirect fetch". Beyond them, `cookie` is dropped
/// together with `authorization` when the origin changes: functions have no cookie store, so the header was set by hand
/// for one origin.
struct FetchHop: Sendable {
    /// What to do about redirects.
    enum Redirect: String, Sendable, Codable {
        case follow, manual, error
    }

    /// What an answer means for the fetch.
    enum Step: Sendable {
        /// The answer is the result.
        case done
        /// Ask there next.
        case next(FetchHop)
        /// The fetch fails.
        case failed(String)
    }

    /// Whether a body can be sent a second time.
    enum Body: Sendable {
        case none, whole, stream
    }

    /// Redirects of one fetch.
    static let maxRedirects = 20

    var url: HTTPURL
    var method: String
    var headers: HTTPHeaders
    var body: Body
    /// Redirects so far.
    var redirects = 0

    /// What to do with an answer of this status, whose `Location` headers are these.
    func step(status: Int, locations: [String], mode: Redirect) -> Step {
        guard [301, 302, 303, 307, 308].contains(status) else { return .done }
        switch mode {
        case .manual: return .done
        case .error: return .failed("the server redirects, and the request's redirect mode is \"error\"")
        case .follow: break
        }
        guard let location = locations.first else { return .done }
        guard redirects < Self.maxRedirects else { return .failed("more than \(Self.maxRedirects) redirects") }
        var next = self
        do {
            next.url = try url.resolving(location)
        } catch {
            return .failed("the server redirects to a bad address: \(error)")
        }
        next.redirects += 1
        let becomesGet =
            (status == 301 || status == 302) && method == "POST"
            || status == 303 && method != "GET" && method != "HEAD"
        if becomesGet {
            next.method = "GET"
            next.body = .none
            FetchHeaders.dropBodyHeaders(&next.headers)
        } else if body == .stream {
            return .failed("the server redirects, and a streamed body cannot be sent again")
        }
        if next.url.origin != url.origin { FetchHeaders.dropCredentials(&next.headers) }
        return .next(next)
    }
}
