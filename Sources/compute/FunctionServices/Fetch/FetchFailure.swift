import AsyncHTTPClient
import Functions
import NIOCore
import NIOHTTP1
import NIOPosix
import Outbound

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a fetch has no answer, or its body no end.
enum FetchFailure {
    static func refused(_ reason: String) -> HostCallError {
        HostCallError("fetch/refused", reason)
    }

    static func failed(_ reason: String) -> HostCallError { HostCallError("fetch/failed", reason) }

    static func timeout(_ reason: String) -> HostCallError { HostCallError("fetch/timeout", reason) }

    static func limit(_ reason: String) -> HostCallError { HostCallError("fetch/limit", reason) }

    /// Another server's part in a failure, in words without addresses.
    static func from(_ error: any Error, host: String) -> HostCallError {
        switch error {
        case let known as HostCallError: return known
        case let malformed as HTTPURL.Malformed: return failed(malformed.description)
        case let headers as FetchHeaders.Refused:
            return headers.isLimit ? limit(headers.description) : failed(headers.description)
        case HTTPParserError.headerOverflow:
            return limit("the headers of the answer of \(host) are too long or too many")
        case is CancellationError: return failed("the call was cancelled")
        case let client as HTTPClientError: return from(client, host: host)
        default: break
        }
        if isConnectFailure(error) { return failed("cannot connect to \(host)") }
        if String(reflecting: type(of: error)).contains("SSL") {
            return failed("no secure connection to \(host): \(error)")
        }
        return failed("\(host) broke the connection or the protocol")
    }

    private static func from(_ error: HTTPClientError, host: String) -> HostCallError {
        switch error {
        case .deadlineExceeded: timeout("\(host) did not answer in time")
        case .connectTimeout, .tlsHandshakeTimeout: timeout("cannot connect to \(host) in time")
        case .cancelled: failed("the call was cancelled")
        case .bodyLengthMismatch: failed("the body is not as long as its content-length says")
        case .remoteConnectionClosed: failed("\(host) closed the connection before the end of its answer")
        case .getConnectionFromPoolTimeout: limit("too many connections to \(host) are in use")
        default: failed("the request to \(host) failed: \(error.shortDescription)")
        }
    }

    /// System errors that only connecting gives.
    private static let connectErrors: Set<CInt> = [
        ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT,
    ]

    /// Whether the server cannot have seen anything of the request.
    static func isConnectFailure(_ error: any Error) -> Bool {
        switch error {
        case let client as HTTPClientError: client == .connectTimeout
        case is NIOConnectionError: true
        case let system as IOError: connectErrors.contains(system.errnoCode)
        case let channel as ChannelError: if case .connectTimeout = channel { true } else { false }
        default: false
        }
    }
}
