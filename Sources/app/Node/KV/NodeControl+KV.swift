import ControlAPI
import ControlModel
import Foundation
import FunctionServices
import Identity
import Ledger
import LedgerLog
import Manifests

extension NodeControl {
    var keyValues: any ControlKeyValues { NodeKeyValues(keeper: keeper, values: values) }
}

/// Apps' values as their owners see them.
struct NodeKeyValues: ControlKeyValues {
    let keeper: LedgerKeeper
    let values: NodeKV

    func value(at place: KVPlace, by account: AccountID) async throws -> KVValueInfo? {
        try await explained {
            let app = try self.app(place.name, place.namespace, account)
            return try await values.get(place.key, in: place.namespace, of: app).map {
                KVValueInfo(value: Data($0.value), metadata: $0.metadata, expiration: $0.expiration)
            }
        }
    }

    func put(_ value: KVValueInfo, ttl: Int?, at place: KVPlace, by account: AccountID) async throws {
        try await explained {
            let app = try self.app(place.name, place.namespace, account)
            // A longer life than any is refused by the store, and cannot overflow here.
            let expiration = ttl.map { values.nowSeconds + min($0, Int(Int32.max) * 1_000) } ?? value.expiration
            let entry = KVEntry(value: Array(value.value), metadata: value.metadata, expiration: expiration)
            try await values.put(place.key, entry, in: place.namespace, of: app)
        }
    }

    func delete(_ place: KVPlace, by account: AccountID) async throws {
        try await explained {
            let app = try self.app(place.name, place.namespace, account)
            try await values.delete(place.key, in: place.namespace, of: app)
        }
    }

    func keys(
        of name: String, in namespace: String, prefix: String, limit: Int, cursor: String?, by account: AccountID
    ) async throws -> KVKeyList {
        try await explained {
            let app = try self.app(name, namespace, account)
            let page = try await values.list(
                prefix: prefix, after: try cursor.map(NodeKeyValues.key), limit: limit, in: namespace, of: app)
            return KVKeyList(
                keys: page.keys.map { .init(name: $0.name, metadata: $0.metadata, expiration: $0.expiration) },
                cursor: page.next.map { Data($0.utf8).base64EncodedString() })
        }
    }

    /// The app, if `account` owns it.
    private func app(_ name: String, _ namespace: String, _ account: AccountID) throws -> String {
        _ = try keeper.state.owned(name, by: account, "reads and changes its values")
        guard FunctionBinding.isLabel(namespace) else {
            throw KVError(
                .argument,
                "a namespace has 1 to 63 lower-case letters, digits and inner hyphens, as in skerry.toml")
        }
        return "\(account)/\(name)"
    }

    private static func key(_ cursor: String) throws -> String {
        guard let data = Data(base64Encoded: cursor), let key = String(validating: data, as: UTF8.self) else {
            throw KVError(.argument, "the cursor is none that a list gave")
        }
        return key
    }

    private func explained<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as KVError {
            throw ControlFailure(
                status: NodeKeyValues.status(error.code), code: error.code.rawValue,
                message: error.message.prefix(1).uppercased() + error.message.dropFirst())
        }
    }

    private static func status(_ code: KVError.Code) -> Int {
        switch code {
        case .argument, .refused: 400
        case .notBound: 403
        case .tooLarge: 413
        case .overloaded: 429
        case .quota, .disk: 507
        case .unavailable, .closed: 503
        default: 500
        }
    }
}
