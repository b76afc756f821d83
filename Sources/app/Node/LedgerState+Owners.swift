import ControlModel
import Identity
import Ledger

extension LedgerState {
    /// The record of a name that belongs to `account`, for what only its owner may do.
    ///
    /// - Parameter purpose: What others are told that only its owner does, such as "reads its logs".
    /// - Throws: ``ControlFailure`` with 404 for a name that nobody has, 403 for one that somebody else has.
    func owned(_ name: String, by account: AccountID, _ purpose: String) throws -> NameRecord {
        let checked: AppName
        do { checked = try AppName(checking: name) } catch { throw NodeControl.explained(error) }
        guard let record = self.name(checked) else {
            throw ControlFailure(
                status: 404, code: "ledger/unknown-name",
                message: "Nobody owns the name \"\(name)\"; deploy an app under it first, which claims it")
        }
        guard record.owner == account else {
            throw ControlFailure(
                status: 403, code: "control/not-allowed",
                message: "The name \"\(name)\" belongs to another account; only its owner \(purpose)")
        }
        return record
    }
}
