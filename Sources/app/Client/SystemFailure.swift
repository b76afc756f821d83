import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// What errors of files and connections mean.
public enum SystemFailure {
    /// Why something with a file or a connection failed, in the system's words: `No space left on device`. Another error says
    /// it itself.
    public static func reason(_ error: any Error) -> String {
        if let error = error as? HTTPClientError { return error.shortDescription }
        if let error = error as? IOError { return text(error.errnoCode) }
        if let error = error as? NIOConnectionError {
            return error.connectionErrors.first.map { reason($0.error) } ?? "the name \(error.host) leads nowhere"
        }
        let failure = error as NSError
        let cause = (failure.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError } ?? failure
        if cause.domain == NSPOSIXErrorDomain { return text(Int32(truncatingIfNeeded: cause.code)) }
        return error is CocoaError ? error.localizedDescription : "\(error)"
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
