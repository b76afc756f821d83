import AsyncHTTPClient
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

/// What errors of the HTTP client mean for an origin.
enum TransportFailure {
    static func from(_ error: any Error, host: String) -> OriginError {
        switch error {
        case let known as OriginError: return known
        case HTTPParserError.headerOverflow:
            return OriginError(.badResponse, "the headers of \(host)'s answer are too long; send fewer")
        case is HTTPParserError:
            return OriginError(.badResponse, "\(host) breaks the rules of HTTP/1.1 (\(error)); fix the origin")
        case is PinnedClients.WrongAddress:
            return OriginError(.refusedAddress, "the connection to \(host) leads to another address than was checked")
        case let client as HTTPClientError: return from(client, host: host)
        case is CancellationError: return OriginError(.cancelled, "nobody waits for \(host)'s answer any more")
        default: break
        }
        if isConnectFailure(error) {
            return OriginError(
                .unreachable, "cannot connect to \(host); check that the origin runs and lets this node in")
        }
        if String(reflecting: type(of: error)).contains("SSL") {
            return OriginError(.unreachable, "no secure connection to \(host) (\(error)); check its certificate")
        }
        return OriginError(.unreachable, "\(host) broke the connection (\(error)); look at the origin's log")
    }

    private static func from(_ error: HTTPClientError, host: String) -> OriginError {
        switch error {
        case .deadlineExceeded: OriginError(.timeout, "\(host) did not answer in time; it is slow or overloaded")
        case .connectTimeout, .tlsHandshakeTimeout:
            OriginError(.timeout, "cannot connect to \(host) in time; check that the origin lets this node in")
        case .cancelled: OriginError(.cancelled, "nobody waits for \(host)'s answer any more")
        case .bodyLengthMismatch:
            OriginError(.badRequest, "the request's body is not as long as it was said to be")
        case .remoteConnectionClosed:
            OriginError(.badResponse, "\(host) closed the connection before the end of its answer; look at its log")
        case .getConnectionFromPoolTimeout:
            OriginError(.overloaded, "too many connections to \(host) are in use; raise the origin's limit")
        case .uncleanShutdown:
            OriginError(.badResponse, "\(host) cut its answer off (TLS ended uncleanly); fix the origin")
        default: OriginError(.unreachable, "the request to \(host) failed: \(error.shortDescription)")
        }
    }

    /// System errors that only connecting gives.
    private static let connectErrors: Set<CInt> = [
        ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT,
    ]

    /// Whether the connection was closed before anything of the request left.
    static func isClosedConnection(_ error: any Error) -> Bool {
        switch error as? ChannelError {
        case .ioOnClosedChannel, .alreadyClosed: true
        default: false
        }
    }

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
