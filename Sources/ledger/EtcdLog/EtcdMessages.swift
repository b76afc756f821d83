import Foundation
import SwiftProtobuf

extension EtcdTxnResponse {
    /// The answers of a branch that consists of `count` ranges; nil if it is anything else.
    func ranges(_ count: Int) -> [EtcdRangeResponse]? {
        guard responses.count == count else { return nil }
        var ranges: [EtcdRangeResponse] = []
        for response in responses {
            guard case .responseRange(let range)? = response.response else { return nil }
            ranges.append(range)
        }
        return ranges
    }
}

extension EtcdRangeRequest {
    /// One key.
    static func key(_ key: Data) -> Self { .with { $0.key = key } }
}

extension EtcdRequestOp {
    static func range(_ range: EtcdRangeRequest) -> Self { .with { $0.requestRange = range } }

    /// - Parameter lease: 0 for a key that stays.
    static func put(_ key: Data, _ value: Data, lease: Int64 = 0) -> Self {
        .with {
            $0.requestPut = .with {
                $0.key = key
                $0.value = value
                $0.lease = lease
            }
        }
    }

    static func delete(_ key: Data) -> Self { .with { $0.requestDeleteRange = .with { $0.key = key } } }
}

extension EtcdCompare {
    /// Whether the key's last change was at `revision`; 0 for a key that does not exist.
    static func modified(_ key: Data, at revision: Int64) -> Self {
        .with {
            $0.result = .equal
            $0.target = .mod
            $0.key = key
            $0.modRevision = revision
        }
    }

    /// Whether the key was created at `revision`; 0 for a key that does not exist.
    static func created(_ key: Data, at revision: Int64) -> Self {
        .with {
            $0.result = .equal
            $0.target = .create
            $0.key = key
            $0.createRevision = revision
        }
    }
}
