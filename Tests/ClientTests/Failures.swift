import Client
import ControlModel
import Ledger
import LedgerLog

/// The code of what `body` throws, whichever room threw it; nil if it throws nothing or something else.
func code(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch let error as ClientError {
        return error.code.description
    } catch let error as LedgerError {
        return error.code.description
    } catch let error as LedgerLogError {
        return error.code.description
    } catch let error as ControlFailure {
        return error.code
    } catch {
        return "\(type(of: error))"
    }
}
