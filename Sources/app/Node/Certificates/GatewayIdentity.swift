import Certificates
import Gateway
import NIOCore
import NIOSSL

/// A node's certificates as its gateway sees them.
struct GatewayIdentity: GatewayCertificates {
    let book: CertificateBook
    let borrowed: BorrowedCertificates

    func context(for serverName: String?) -> NIOSSLContext? { book.context(for: serverName) }

    func contextToCome(for serverName: String, on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext?>? {
        borrowed.context(for: serverName, on: eventLoop)
    }

    func challengeContext(for serverName: String) -> NIOSSLContext? { book.challengeContext(for: serverName) }

    func keyAuthorization(token: String, host: String?) -> String? {
        book.keyAuthorization(token: token, host: host)
    }

    /// A book whose contexts are as the gateway wants them.
    static func book() -> CertificateBook {
        CertificateBook(
            make: { try GatewayTLS.context(chain: $0, key: $1) },
            makeChallenge: { try GatewayTLS.challengeContext(chain: $0, key: $1) })
    }
}
