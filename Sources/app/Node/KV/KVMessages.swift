import Foundation
import FunctionServices
import Peering
import SwiftProtobuf
import Wire

/// Values of the key-value stores as they travel. Lengths and clocks are checked by the store that takes them over.
enum KVMessages {
    /// Writers in one message at most: as many as a store knows of one app.
    static let maxClocks = 256

    static func violation(_ what: String) -> PeerError { PeerError(.protocolViolation, "A message has \(what)") }
}

extension KVEntry {
    init(_ message: PeerPBKVEntry) throws {
        guard message.expiration >= 0 else { throw KVMessages.violation("a negative expiration") }
        self.init(
            value: Array(message.value), metadata: message.metadata.isEmpty ? nil : message.metadata,
            expiration: message.expiration == 0 ? nil : Int(message.expiration))
    }
}

extension PeerPBKVEntry {
    init(_ entry: KVEntry?) {
        self.init()
        guard let entry else { return }
        found = true
        value = Data(entry.value)
        metadata = entry.metadata ?? ""
        expiration = Int64(entry.expiration ?? 0)
    }
}

extension KVVector {
    init(_ message: [PeerPBKVClock]) throws {
        guard message.count <= KVMessages.maxClocks else { throw KVMessages.violation("too many clocks") }
        guard message.allSatisfy({ $0.clock > 0 }) else { throw KVMessages.violation("a clock that is none") }
        let clocks = Dictionary(message.map { ($0.writer, $0.clock) }) { max($0, $1) }
        guard clocks.count == message.count else { throw KVMessages.violation("two clocks of one writer") }
        self.init(clocks)
    }

    var message: [PeerPBKVClock] {
        writers.map { writer in
            PeerPBKVClock.with {
                $0.writer = writer
                $0.clock = self[writer]
            }
        }
    }
}

extension KVPage {
    init(_ message: PeerPBKVNames) throws {
        guard message.names.allSatisfy({ $0.expiration >= 0 }) else {
            throw KVMessages.violation("a negative expiration")
        }
        let keys = message.names.map {
            Key(
                name: $0.name, metadata: $0.metadata.isEmpty ? nil : $0.metadata,
                expiration: $0.expiration == 0 ? nil : Int($0.expiration))
        }
        self.init(keys: keys, next: message.more ? keys.last?.name : nil)
    }

    var message: PeerPBKVNames {
        PeerPBKVNames.with {
            $0.names = keys.map { key in
                PeerPBKVName.with {
                    $0.name = key.name
                    $0.metadata = key.metadata ?? ""
                    $0.expiration = Int64(key.expiration ?? 0)
                }
            }
            $0.more = next != nil
        }
    }
}

extension KVChange {
    init(_ message: PeerPBKVChange) throws {
        self.init(
            namespace: message.namespace, key: message.key,
            stamp: KVStamp(clock: message.clock, writer: message.writer),
            entry: try message.entry.found ? KVEntry(message.entry) : nil)
    }

    var message: PeerPBKVChange {
        PeerPBKVChange.with {
            $0.namespace = namespace
            $0.key = key
            $0.clock = stamp.clock
            $0.writer = stamp.writer
            if let entry { $0.entry = PeerPBKVEntry(entry) }
        }
    }
}

extension KVChangePage {
    init(_ message: PeerPBKVChanges) throws {
        guard message.changes.count <= KVChangePage.maxCount else { throw KVMessages.violation("too many changes") }
        guard message.spans.count <= KVMessages.maxClocks else { throw KVMessages.violation("too many spans") }
        let spans = message.spans.map { KVSpan(writer: $0.writer, from: $0.from, to: $0.to) }
        guard spans.allSatisfy({ $0.from >= 0 && $0.from <= $0.to }) else {
            throw KVMessages.violation("a span that is none")
        }
        self.init(
            changes: try message.changes.map { try KVChange($0) }, spans: spans, known: try KVVector(message.known),
            isComplete: message.complete)
    }

    func message(of app: String) -> PeerPBKVChanges {
        PeerPBKVChanges.with {
            $0.app = app
            $0.changes = changes.map(\.message)
            $0.spans = spans.map { span in
                PeerPBKVSpan.with {
                    $0.writer = span.writer
                    $0.from = span.from
                    $0.to = span.to
                }
            }
            $0.known = known.message
            $0.complete = isComplete
        }
    }
}
