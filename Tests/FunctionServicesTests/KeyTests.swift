import Functions
import NIOCore
import Testing

@testable import FunctionServices

@Suite struct KeyTests {
    private func run(_ name: String, _ argument: String, _ bytes: [UInt8]) async throws -> [UInt8] {
        try await answer(name, argument, bytes).bytes()
    }

    private func answer(_ name: String, _ argument: String, _ bytes: [UInt8]) async throws -> HostAnswer {
        var result: HostAnswer?
        try await withServices { result = try await $0.answer(makeCall(name, argument, bytes: bytes)) }
        return try #require(result)
    }

    private func wrong(_ name: String, _ argument: String, _ bytes: [UInt8]) async -> String {
        await failure { try await run(name, argument, bytes) }.code
    }

    private func isValid(_ argument: String, _ open: [UInt8], _ signature: [UInt8], _ data: [UInt8]) async throws
        -> Bool
    {
        try await answer("crypto.verify", argument, prefixed(open, signature, data)).json["valid"] as? Bool ?? false
    }

    @Test(arguments: CurveVector.all)
    func signaturesOfOthersAreChecked(_ vector: CurveVector) async throws {
        let data = Array("sample".utf8)
        for (hash, signature) in vector.signatures {
            let argument = #"{"name": "ECDSA", "curve": "\#(vector.curve)", "hash": "\#(hash)"}"#
            #expect(try await isValid(argument, vector.point, signature, data))
            #expect(try await !isValid(argument, vector.point, signature, data + [0]))
            #expect(try await !isValid(argument, vector.otherPoint, signature, data))
            #expect(try await !isValid(argument, vector.point, Array(signature.dropLast()), data))
            #expect(try await !isValid(argument, vector.point, [], data))
            let own = try await run("crypto.sign", argument, prefixed(vector.pkcs8, data))
            #expect(own.count == signature.count)
            #expect(try await isValid(argument, vector.point, own, data))
        }
        let argument = #"{"name": "ECDSA", "curve": "\#(vector.curve)"}"#
        #expect(await wrong("crypto.sign", argument, prefixed(vector.pkcs8, data)) == "crypto/data")
        let hashed = #"{"name": "ECDSA", "curve": "\#(vector.curve)", "hash": "SHA-256"}"#
        #expect(await wrong("crypto.sign", hashed, prefixed(vector.sec1, data)) == "crypto/data")
        #expect(await wrong("crypto.sign", hashed, prefixed([], data)) == "crypto/data")
        #expect(await wrong("crypto.verify", hashed, prefixed([4, 1], [], data)) == "crypto/data")
    }

    @Test(arguments: CurveVector.all)
    func secretsAreShared(_ vector: CurveVector) async throws {
        let argument = #"{"name": "ECDH", "curve": "\#(vector.curve)"}"#
        let shared = try await run("crypto.derive", argument, prefixed(vector.pkcs8, vector.otherPoint))
        #expect(shared == vector.shared)
        var off = vector.otherPoint
        off[off.count - 1] ^= 1
        #expect(await wrong("crypto.derive", argument, prefixed(vector.pkcs8, off)) == "crypto/data")
        #expect(await wrong("crypto.derive", argument, prefixed(vector.pkcs8, [])) == "crypto/data")
        let signing = #"{"name": "ECDSA", "curve": "\#(vector.curve)"}"#
        #expect(await wrong("crypto.derive", signing, prefixed(vector.pkcs8, off)) == "crypto/unsupported")
    }

    @Test(arguments: CurveVector.all)
    func formsOfCurveKeys(_ vector: CurveVector) async throws {
        let secretJWK = prefixed(vector.scalar, vector.point)
        let publicJWK = prefixed([], vector.point)
        func convert(_ bytes: [UInt8], _ from: String, _ to: String) async throws -> [UInt8] {
            try await run("crypto.convertKey", argument(from, to), bytes)
        }
        func argument(_ from: String, _ to: String) -> String {
            #"{"name": "ECDH", "curve": "\#(vector.curve)", "from": "\#(from)", "to": "\#(to)"}"#
        }
        for (form, bytes) in [("pkcs8", vector.pkcs8), ("private", vector.pkcs8), ("jwk", secretJWK)] {
            #expect(try await convert(bytes, form, "pkcs8") == vector.pkcs8)
            #expect(try await convert(bytes, form, "private") == vector.pkcs8)
            #expect(try await convert(bytes, form, "jwk") == secretJWK)
            #expect(try await convert(bytes, form, "spki") == vector.spki)
            #expect(try await convert(bytes, form, "raw") == vector.point)
        }
        for (form, bytes) in [("spki", vector.spki), ("raw", vector.point), ("jwk", publicJWK)] {
            #expect(try await convert(bytes, form, "spki") == vector.spki)
            #expect(try await convert(bytes, form, "raw") == vector.point)
            #expect(try await convert(bytes, form, "jwk") == publicJWK)
            #expect(await wrong("crypto.convertKey", argument(form, "pkcs8"), bytes) == "crypto/data")
        }
        let half = (vector.point.count + 1) / 2
        let compressed = [2 + ((vector.point.last ?? 0) & 1)] + vector.point[1..<half]
        #expect(try await convert(compressed, "raw", "raw") == vector.point)
        #expect(await wrong("crypto.convertKey", argument("raw", "raw"), compressed.dropLast()) == "crypto/data")
        for form in ["pkcs8", "private", "spki", "raw", "jwk"] {
            for bytes in [
                [], [0x30], Array(vector.pkcs8.dropLast()), vector.spki + [0], vector.sec1, prefixed([1], [4]),
            ] {
                #expect(await wrong("crypto.convertKey", argument(form, "raw"), bytes) == "crypto/data", "\(form)")
            }
        }
        let mixed = prefixed(vector.scalar, vector.otherPoint)
        #expect(await wrong("crypto.convertKey", argument("jwk", "raw"), mixed) == "crypto/data")
        #expect(await wrong("crypto.convertKey", argument("pem", "raw"), mixed) == "host/argument")
    }

    @Test(arguments: ["P-256", "P-384", "P-521"])
    func newCurveKeysWork(_ curve: String) async throws {
        let argument = #"{"name": "ECDSA", "curve": "\#(curve)", "hash": "SHA-512"}"#
        let pair = try #require(
            LengthPrefixed.split(ByteBuffer(bytes: try await run("crypto.generateKeyPair", argument, [])), into: 2))
        let signature = try await run("crypto.sign", argument, prefixed(pair[0], [1, 2, 3]))
        #expect(try await isValid(argument, pair[1], signature, [1, 2, 3]))
        #expect(await wrong("crypto.generateKeyPair", #"{"name": "ECDSA"}"#, []) == "crypto/data")
        #expect(await wrong("crypto.generateKeyPair", #"{"name": "RSA"}"#, []) == "crypto/unsupported")
        #expect(await wrong("crypto.generateKeyPair", #"{"name": "ECDSA", "curve": "P-192"}"#, []) == "host/argument")
    }

    // RFC 8032, section 7.1, tests 1 and 2.
    @Test func ed25519() async throws {
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
        let open = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let signature = hex(
            """
            e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
            5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
            """)
        let argument = #"{"name": "Ed25519"}"#
        #expect(try await run("crypto.sign", argument, prefixed(seed, [])) == signature)
        #expect(try await isValid(argument, open, signature, []))
        #expect(try await !isValid(argument, open, signature, [1]))
        #expect(try await !isValid(argument, open, [1, 2], []))
        #expect(await wrong("crypto.sign", argument, prefixed([1], [])) == "crypto/data")
        #expect(await wrong("crypto.verify", argument, prefixed([1], signature, [])) == "crypto/data")
        #expect(await wrong("crypto.derive", argument, prefixed(seed, open)) == "crypto/unsupported")
        let second = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        let secondSignature = hex(
            """
            92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
            085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
            """)
        let secondOpen = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        #expect(try await isValid(argument, secondOpen, secondSignature, [0x72]))
        let own = try await run("crypto.sign", argument, prefixed(second, [0x72]))
        #expect(try await isValid(argument, secondOpen, own, [0x72]))
    }

    // RFC 7748, section 6.1.
    @Test func x25519() async throws {
        let seed = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
        let other = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        let argument = #"{"name": "X25519"}"#
        #expect(
            try await run("crypto.derive", argument, prefixed(seed, other))
                == hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"))
        let zero = [UInt8](repeating: 0, count: 32)
        #expect(await wrong("crypto.derive", argument, prefixed(seed, zero)) == "crypto/operation")
        #expect(await wrong("crypto.derive", argument, prefixed(seed, [1])) == "crypto/data")
        #expect(await wrong("crypto.sign", argument, prefixed(seed, [])) == "crypto/unsupported")
    }

    @Test(arguments: [
        (
            "Ed25519", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "70"
        ),
        (
            "X25519", "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", "6e"
        ),
    ])
    func formsOf25519Keys(_ name: String, _ seedText: String, _ openText: String, _ arc: String) async throws {
        let (seed, open) = (hex(seedText), hex(openText))
        let pkcs8 = hex("302e020100300506032b65\(arc)04220420") + seed
        let spki = hex("302a300506032b65\(arc)032100") + open
        func argument(_ from: String, _ to: String) -> String {
            #"{"name": "\#(name)", "from": "\#(from)", "to": "\#(to)"}"#
        }
        let secrets = [("pkcs8", pkcs8), ("private", seed), ("jwk", prefixed(seed, open))]
        let opens = [("spki", spki), ("raw", open), ("jwk", prefixed([], open))]
        for (from, bytes) in secrets {
            for (to, expected) in secrets + opens.dropLast() {
                #expect(try await run("crypto.convertKey", argument(from, to), bytes) == expected, "\(from) \(to)")
            }
        }
        for (from, bytes) in opens {
            for (to, expected) in opens {
                #expect(try await run("crypto.convertKey", argument(from, to), bytes) == expected, "\(from) \(to)")
            }
            for to in ["pkcs8", "private"] {
                #expect(await wrong("crypto.convertKey", argument(from, to), bytes) == "crypto/data")
            }
        }
        // RFC 5958's version 1, with the public key behind the private one.
        let long = hex("3051020101300506032b65\(arc)04220420") + seed + hex("812100") + open
        #expect(try await run("crypto.convertKey", argument("pkcs8", "raw"), long) == open)
        let otherArc = arc == "70" ? "6e" : "70"
        let foreign = hex("302e020100300506032b65\(otherArc)04220420") + seed
        let bad: [[UInt8]] = [
            [], [1], foreign, Array(pkcs8.dropLast()), pkcs8 + [0], prefixed(seed, seed), [0x30, 0x02, 2, 1],
        ]
        for from in ["pkcs8", "private", "spki", "raw", "jwk"] {
            for bytes in bad {
                #expect(await wrong("crypto.convertKey", argument(from, "raw"), bytes) == "crypto/data")
            }
        }
        let pair = try #require(
            LengthPrefixed.split(
                ByteBuffer(bytes: try await run("crypto.generateKeyPair", #"{"name": "\#(name)"}"#, [])), into: 2))
        #expect(try await run("crypto.convertKey", argument("private", "raw"), pair[0]) == pair[1])
    }
}
