import Blake3
import Foundation
import Identity
import Ledger
import Secrets

/// Decoders of what others say about secrets. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum SecretsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    private static let network = NetworkID(Blake3.hash([7]))
    private static let key = try? SigningKey(rawRepresentation: Data(repeating: 7, count: 32))
    private static let sealing = key.flatMap { try? SealingKey($0, network: network) }

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["secrets-list": list, "secrets-sealed": sealed] }

    /// The first byte says whether the rest is a list, or what a list's owner signs.
    private static func list(_ input: [UInt8]) -> String? {
        guard let first = input.first, let key else { return nil }
        var bytes = Data(input.dropFirst())
        if first % 2 == 1, let signature = try? key.sign(bytes) { bytes += signature }
        guard let list = try? SecretList(decoding: bytes, network: network) else { return nil }
        guard list.encoded == bytes, !list.isNewer(than: list) else { return "a list is not the one that was read" }
        guard list.owner == key.publicKey else { return nil }
        let again = try? SecretList(
            signing: list.entries, of: list.app, network: network, version: list.version, key: key)
        return again?.digest == list.digest ? nil : "a list is written otherwise than it was read"
    }

    /// A statement, and a sealed value: nobody but the owner of a key can make one that is taken.
    private static func sealed(_ input: [UInt8]) -> String? {
        guard let key, let sealing, let app = AppName("shop"), let secret = try? Secret(name: "A", value: "x") else {
            return nil
        }
        if let statement = try? SealingStatement(decoding: Data(input), network: network),
            statement.node == key.publicKey.node, statement != sealing.statement
        {
            return "a statement was forged"
        }
        return (try? sealing.open(Data(input), as: secret.entry, of: app)) == nil ? nil : "a value was forged"
    }

    /// Small valid inputs by target and name.
    static func seeds() throws -> [String: [String: [UInt8]]] {
        guard let key, let sealing, let app = AppName("shop") else { return [:] }
        let secrets = [try Secret(name: "A", value: "x"), try Secret(name: "B_2", value: "yz")]
        func list(_ secrets: [Secret]) throws -> [UInt8] {
            Array(
                try SecretList(
                    signing: secrets.map(\.entry), of: app, network: network, version: 3, key: key
                ).encoded)
        }
        return [
            "secrets-list": [
                "empty": try [0] + list([]), "two": try [0] + list(secrets),
                "body": try [1] + list(secrets).dropLast(64),
            ],
            "secrets-sealed": [
                "statement": Array(sealing.statement.encoded),
                "value": Array(try secrets[0].sealed(of: app, network: network, to: sealing.statement)),
            ],
        ]
    }
}
