import Blake3
import Foundation
import Identity
import Ledger
import Testing

@testable import Secrets

@Suite struct SealingTests {
    private let network = NetworkID(Blake3.hash([1]))
    private let other = NetworkID(Blake3.hash([2]))
    private let app = AppName("shop")!
    private let nodeKey = SigningKey()

    @Test("What is sealed to a node is opened by it, whatever text it is")
    func roundTrip() throws {
        let key = try SealingKey(nodeKey, network: network)
        let values = ["x", "zwölf €\n\0", "\u{FEFF}x", String(repeating: "a", count: SecretLimits.maxValueBytes)]
        for value in values {
            let secret = try Secret(name: "API_KEY", value: value)
            let sealed = try secret.sealed(of: app, network: network, to: key.statement)
            #expect(sealed.count == value.utf8.count + Secret.overheadBytes)
            #expect(sealed.count <= SecretLimits.maxSealedBytes)
            let opened = try key.open(sealed, as: secret.entry, of: app)
            #expect(opened.name == "API_KEY" && opened.value == value)
            #expect(try secret.sealed(of: app, network: network, to: key.statement) != sealed)
        }
    }

    @Test("Nothing else opens it: another node, app, name, value, network, or a changed byte")
    func wrong() throws {
        let key = try SealingKey(nodeKey, network: network)
        let secret = try Secret(name: "API_KEY", value: "hunter2")
        let entry = secret.entry
        let sealed = try secret.sealed(of: app, network: network, to: key.statement)
        func refused(_ key: SealingKey, _ sealed: Data, _ entry: SecretList.Entry, _ app: AppName) {
            #expect { try key.open(sealed, as: entry, of: app) } throws: {
                ($0 as? SecretsError)?.code == .notOpened && !"\($0)".contains("hunter2")
            }
        }
        refused(try SealingKey(SigningKey(), network: network), sealed, entry, app)
        refused(try SealingKey(nodeKey, network: other), sealed, entry, app)
        refused(key, sealed, entry, AppName("shop2")!)
        let renamed = SecretList.Entry(name: "API_KEZ", byteCount: entry.byteCount, commitment: entry.commitment)
        refused(key, sealed, renamed, app)
        refused(key, sealed, try Secret(name: "API_KEY", value: "hunter2").entry, app)
        refused(
            key, sealed,
            SecretList.Entry(name: "API_KEY", byteCount: entry.byteCount + 1, commitment: entry.commitment), app)
        for index in [0, 31, 32, 70, sealed.count - 1] {
            var changed = sealed
            changed[index] ^= 1
            refused(key, changed, entry, app)
        }
        for count in [0, 1, 32, Secret.overheadBytes, sealed.count - 1] {
            refused(key, Data(sealed.prefix(count)), entry, app)
        }
        refused(key, sealed + Data([0]), entry, app)
        refused(key, Data(count: SecretLimits.maxSealedBytes + 1), entry, app)
    }

    @Test("A node's statement holds for its network and its key")
    func statement() throws {
        let statement = try SealingKey(nodeKey, network: network).statement
        #expect(statement.encoded.count == SealingStatement.byteCount)
        let read = try SealingStatement(decoding: statement.encoded, network: network)
        #expect(read == statement && read.node == nodeKey.publicKey.node)
        #expect(try SealingKey(nodeKey, network: network).statement.sealingKey == statement.sealingKey)
        #expect(throws: SecretsError.self) { try SealingStatement(decoding: statement.encoded, network: other) }
        for index in [0, 40, 100] {
            var changed = statement.encoded
            changed[index] ^= 1
            #expect(throws: SecretsError.self) { try SealingStatement(decoding: changed, network: network) }
        }
        for count in [0, 127, 129] {
            #expect(throws: SecretsError.self) {
                try SealingStatement(decoding: Data(repeating: 7, count: count), network: network)
            }
        }
    }

    @Test("Names and values have limits")
    func limits() {
        let cases: [(String, String, SecretsError.Code)] = [
            ("1A", "x", .badName), ("A-B", "x", .badName), ("NODE", "x", .badName), ("", "x", .badName),
            (String(repeating: "A", count: 65), "x", .badName), ("A", "", .badValue),
            ("A", String(repeating: "x", count: SecretLimits.maxValueBytes + 1), .tooLarge),
        ]
        for (name, value, code) in cases {
            #expect { try Secret(name: name, value: value) } throws: { ($0 as? SecretsError)?.code == code }
        }
    }

    @Test("A value that is too long gets the limit told, and one at the limit is taken")
    func valueLimit() throws {
        _ = try Secret(name: "A", value: String(repeating: "x", count: SecretLimits.maxValueBytes))
        #expect(SecretsError.valueTooLong.message.contains("at most 16384 bytes (16 KiB)"))
    }

    @Test("A secret does not describe its value")
    func description() throws {
        let secret = try Secret(name: "API_KEY", value: "hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(secret.entry)"] {
            #expect(!text.contains("hunter2"))
        }
    }
}
