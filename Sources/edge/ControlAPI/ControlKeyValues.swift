public import ControlModel
public import Identity

/// Apps' values, for their owners. Failures that a person should read are thrown as ``ControlFailure``: status 403 for
/// whoever is not the owner, 503 while no home of the values answers.
public protocol ControlKeyValues: Sendable {
    /// The value of a key; nil if there is none.
    func value(at place: KVPlace, by account: AccountID) async throws -> KVValueInfo?

    /// Stores a value.
    ///
    /// - Parameters:
    ///   - ttl: Seconds from now; goes before the value's own expiration.
    func put(_ value: KVValueInfo, ttl: Int?, at place: KVPlace, by account: AccountID) async throws

    /// Removes a key, if it is there.
    func delete(_ place: KVPlace, by account: AccountID) async throws

    /// Names in the order of their bytes, at most `limit` of 1 to 1,000.
    func keys(
        of name: String, in namespace: String, prefix: String, limit: Int, cursor: String?, by account: AccountID
    ) async throws -> KVKeyList
}
