public import Blake3
public import Foundation
public import Identity
public import Ledger

/// What one node keeps of the secrets of apps: their newest lists, and values sealed to the node itself.
///
/// Pure: signatures and sealed values have been checked before they come in; nothing is opened here.
public struct SecretBook: Sendable {
    /// One app's.
    public struct Held: Sendable {
        public internal(set) var list: SecretList
        /// Sealed values by the commitment that they fit.
        public internal(set) var values: [Digest: Data]

        /// Entries whose values are not here.
        public var missing: [SecretList.Entry] { list.entries.filter { values[$0.commitment] == nil } }

        /// The sealed values in the order of the list; empty for those that are not here.
        public var inOrder: [Data] { list.entries.map { values[$0.commitment] ?? Data() } }
    }

    /// What an offer changed.
    public enum Change: Sendable, Hashable {
        /// Everything was here already.
        case none
        /// Values that were missing.
        case values
        /// The list, and with it what functions are given.
        case list
    }

    private var held: [AppName: Held] = [:]

    public init() {}

    /// The apps that something is kept of.
    public var apps: [AppName] { held.keys.sorted() }

    /// What is kept for an app of this owner.
    public func held(_ app: AppName, owner: AccountID) -> Held? {
        held[app].flatMap { $0.list.owner.account == owner ? $0 : nil }
    }

    /// Takes a list in place of an older one, and values that belong to it. Values that stay the same are carried over.
    ///
    /// - Parameters:
    ///   - owner: Who owns the app; nil if nobody does.
    ///   - values: By commitment; each was opened for trial. Those that the list does not name are dropped.
    ///   - isChange: Whether the list is to follow on what is here. Otherwise it may also be another one of the same
    ///     version, of which all nodes come to keep the same.
    /// - Throws: ``SecretsError`` `.unknown`, `.wrongOwner` or, for a list that was replaced already, `.stale`.
    public mutating func offer(
        _ list: SecretList, values: [Digest: Data], owner: AccountID?, isChange: Bool = false
    ) throws(SecretsError) -> Change {
        guard let owner else {
            throw SecretsError(.unknown, "Nobody owns the name \(list.app); deploy an app under it first")
        }
        guard list.owner.account == owner else {
            throw SecretsError(
                .wrongOwner,
                "The secrets of \(list.app) are not signed by the account that owns it; sign with its key: --key")
        }
        let current = held(list.app, owner: owner)
        if let known = current?.list, known.digest != list.digest,
            known.isNewer(than: list) || isChange && known.version == list.version
        {
            throw SecretsError(
                .stale,
                "The secrets of \(list.app) were changed to version \(known.version) meanwhile; do it again")
        }
        let wanted = Set(list.entries.map(\.commitment))
        let merged = (current?.values ?? [:]).merging(values) { old, _ in old }.filter { wanted.contains($0.key) }
        held[list.app] = Held(list: list, values: merged)
        if current?.list.digest != list.digest { return .list }
        return merged.count > (current?.values.count ?? 0) ? .values : .none
    }

    /// Forgets an app.
    public mutating func remove(_ app: AppName) { held[app] = nil }
}
