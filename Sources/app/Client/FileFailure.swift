import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What Foundation's errors mean.
public enum FileFailure {
    /// Why something with a file failed, in the system's words: `No space left on device`. Another error says it itself.
    public static func reason(_ error: any Error) -> String {
        let failure = error as NSError
        let cause = (failure.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError } ?? failure
        if cause.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(truncatingIfNeeded: cause.code)))
        }
        return error is CocoaError ? error.localizedDescription : "\(error)"
    }
}
