import AsyncHTTPClient
public import ControlModel
import Foundation
public import Ledger
import NIOCore
import NIOHTTP1

/// Secrets as the control API has them; ``SecretStore`` seals and verifies.
extension NodeClient {
    /// Who serves an app, and what these nodes say of its secrets. Nothing of it is verified.
    ///
    /// - Throws: `ControlFailure` with status 403 if the client's account does not own the name.
    public func secrets(of name: AppName) async throws -> SecretsReport {
        try await send(.GET, "/api/v1/names/\(name)/secrets", .bytes(ByteBuffer()), signed: true)
    }

    /// Hands a list and sealed values to the nodes that serve an app.
    public func changeSecrets(of name: AppName, _ update: SecretsUpdate) async throws -> SecretsReceipt {
        try await send(
            .POST, "/api/v1/names/\(name)/secrets", .bytes(ByteBuffer(bytes: try JSONEncoder().encode(update))),
            signed: true)
    }
}
