import Blake3
import Foundation
import Identity
import Testing

@Suite("Keys")
struct KeyTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID().uuidString)").path

    @Test("A key file is made once, for its owner alone, and read again")
    func keyFile() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/deep/account.key"
        let key = try KeyFile.loadOrCreate(path)
        #expect(try KeyFile.loadOrCreate(path).publicKey == key.publicKey)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/deep") == ["account.key"])
    }

    @Test("A key that others can read is refused")
    func exposed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/account.key"
        _ = try KeyFile.loadOrCreate(path)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let error = #expect(throws: IdentityError.self) { try KeyFile.load(path) }
        #expect(error?.code == .keyFileExposed)
        #expect(error?.message.contains("chmod 600") == true)
    }

    @Test(
        "A damaged key file is refused and stays as it is", arguments: ["", "xyz", String(repeating: "a", count: 63)])
    func damaged(_ content: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/account.key"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(content.utf8), attributes: [.posixPermissions: 0o600]))
        #expect(throws: IdentityError.self) { try KeyFile.loadOrCreate(path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
    }

    @Test("A signature holds for its message and key only")
    func signatures() throws {
        let key = SigningKey()
        let message = Data("a message".utf8)
        let signature = try key.sign(message)
        #expect(key.publicKey.isValidSignature(signature, for: message))
        #expect(!key.publicKey.isValidSignature(signature, for: message + Data([0])))
        #expect(!SigningKey().publicKey.isValidSignature(signature, for: message))
        for index in signature.indices {
            var changed = signature
            changed[index] ^= 1
            #expect(!key.publicKey.isValidSignature(changed, for: message))
        }
        #expect(!key.publicKey.isValidSignature(Data(), for: message))
    }

    @Test("The same key is another id as a node and as an account")
    func domains() {
        let key = SigningKey().publicKey
        #expect(key.node.digest != key.account.digest)
        #expect(NodeID(key.node.description) == key.node)
        #expect(AccountID(key.account.description) == key.account)
    }

    @Test("A node's certificate carries its key")
    func certificate() throws {
        let key = SigningKey()
        let certificate = try NodeCertificate(key)
        #expect(try NodeCertificate.publicKey(inDER: Array(certificate.certificateDER)) == key.publicKey)
        #expect(throws: IdentityError.self) { try NodeCertificate.publicKey(inDER: [1, 2, 3]) }
        var changed = Array(certificate.certificateDER)
        changed[0] ^= 0xff
        #expect(throws: IdentityError.self) { try NodeCertificate.publicKey(inDER: changed) }
    }
}
