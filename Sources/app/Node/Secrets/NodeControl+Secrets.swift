import ControlAPI
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Secrets

/// An app's secrets, for its owner.
extension NodeControl {
    func secrets(of name: String, by account: AccountID) async throws -> SecretsReport {
        let app = try keeper.state.owned(name, by: account, "handles its secrets").name
        return await secrets.report(of: app)
    }

    func changeSecrets(
        of name: String, by account: AccountID, _ update: SecretsUpdate
    ) async throws -> SecretsReceipt {
        let app = try keeper.state.owned(name, by: account, "handles its secrets").name
        let list: SecretList
        do {
            list = try SecretList(decoding: update.list, network: keeper.state.networkID)
        } catch {
            throw ControlFailure(status: 400, code: error.code.description, message: error.message)
        }
        guard list.app == app, list.owner.account == account else {
            throw ControlFailure(
                status: 403, code: SecretsError.Code.wrongOwner.description,
                message: "The list is not of \(app), or is not signed by the account that sends it")
        }
        var values: [NodeID: [Data]] = [:]
        for envelope in update.envelopes.prefix(SecretsUpdate.maxEnvelopes) {
            guard let node = NodeID(envelope.node), envelope.values.count <= SecretLimits.maxCount else {
                throw ControlFailure(
                    status: 400, code: SecretsError.Code.malformed.description,
                    message: "An envelope names no node or has too many values")
            }
            values[node] = envelope.values
        }
        do { return try await secrets.spread(list, values) } catch {
            throw ControlFailure(status: 409, code: error.code.description, message: error.message)
        }
    }
}
