import ControlModel
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Synchronization

/// Lets a request pass when an account that may write signed it, for this node, just now and for the first time.
final class SignatureGate: Sendable {
    /// Nonces that are remembered: at 10,000 requests a second, the whole of the time that a signature lives.
    private static let maxNonces = 600_000

    private let backend: any ControlBackend
    private let seen = Mutex<[String: Int64]>([:])

    init(backend: any ControlBackend) { self.backend = backend }

    /// - Returns: The account that signed.
    /// - Throws: ``ControlFailure`` with status 401 or 403.
    @discardableResult
    func check(_ request: Request) throws -> AccountID {
        guard let header = request.headers[.authorization] else {
            throw refusal(401, "control/unsigned", "The request is not signed; use the skerry command or an SDK")
        }
        guard let signature = RequestSignature(header: header) else {
            throw refusal(401, "control/bad-signature", "The Authorization header is malformed")
        }
        let now = Int64(Date().timeIntervalSince1970)
        let age = RequestSignature.maxAgeSeconds
        guard (now - age...now + age).contains(signature.time) else {
            throw refusal(
                401, "control/stale-signature",
                "The signature is of second \(signature.time), and it is \(now); set the clocks of both machines")
        }
        guard
            signature.isValid(
                method: request.method.rawValue, target: request.uri.description, node: backend.node.description)
        else {
            throw refusal(401, "control/bad-signature", "The signature does not fit the request and this node")
        }
        guard backend.mayWrite(signature.key.account) else {
            throw refusal(
                403, "control/not-allowed",
                "The account \(signature.key.account) may not write to this node; ask its operator")
        }
        guard remember(signature.nonce, now) else {
            throw refusal(401, "control/replayed", "The request was sent before; sign it again")
        }
        return signature.key.account
    }

    private func remember(_ nonce: String, _ now: Int64) -> Bool {
        seen.withLock { seen in
            if seen.count >= SignatureGate.maxNonces {
                seen = seen.filter { now - $0.value <= 2 * RequestSignature.maxAgeSeconds }
            }
            guard seen.count < SignatureGate.maxNonces, seen[nonce] == nil else { return false }
            seen[nonce] = now
            return true
        }
    }

    private func refusal(_ status: Int, _ code: String, _ message: String) -> ControlFailure {
        ControlFailure(status: status, code: code, message: message)
    }
}
