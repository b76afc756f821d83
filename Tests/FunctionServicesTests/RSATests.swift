import Functions
import NIOCore
import Testing

@testable import FunctionServices

@Suite struct RSATests {
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

    private func isValid(_ argument: String, _ signature: [UInt8], _ data: [UInt8]) async throws -> Bool {
        let body = prefixed(RSAVector.spki, signature, data)
        return try await answer("crypto.verify", argument, body).json["valid"] as? Bool ?? false
    }

    private static let sample = Array("sample".utf8)

    @Test("Signatures of PKCS #1 v1.5 are those that others make")
    func signatures() async throws {
        for (hash, signature) in RSAVector.signatures {
            let argument = #"{"name": "RSASSA-PKCS1-v1_5", "hash": "\#(hash)"}"#
            let body = prefixed(RSAVector.pkcs8, Self.sample)
            #expect(try await run("crypto.sign", argument, body) == signature)
            #expect(try await isValid(argument, signature, Self.sample))
            #expect(try await !isValid(argument, signature, Self.sample + [0]))
            #expect(try await !isValid(argument, Array(signature.dropLast()), Self.sample))
        }
        let hashless = #"{"name": "RSASSA-PKCS1-v1_5"}"#
        #expect(await wrong("crypto.sign", hashless, prefixed(RSAVector.pkcs8, [])) == "crypto/data")
    }

    @Test("PSS takes salts of any length that fits")
    func saltedSignatures() async throws {
        for (hash, saltLength, signature) in RSAVector.saltedSignatures {
            let argument = #"{"name": "RSA-PSS", "hash": "\#(hash)", "saltLength": \#(saltLength)}"#
            #expect(try await isValid(argument, signature, Self.sample))
            #expect(try await !isValid(argument, signature, [1]))
            #expect(try await !isValid(argument, [], Self.sample))
            let other = #"{"name": "RSA-PSS", "hash": "\#(hash)", "saltLength": \#(saltLength + 1)}"#
            #expect(try await !isValid(other, signature, Self.sample))
            let own = try await run("crypto.sign", argument, prefixed(RSAVector.pkcs8, Self.sample))
            #expect(own.count == 256)
            #expect(try await isValid(argument, own, Self.sample))
        }
        // 256 bytes hold a hash of 64, two bytes more, and 190 of salt.
        for (saltLength, isFine) in [(190, true), (191, false), (100_000, false), (-1, false)] {
            let argument = #"{"name": "RSA-PSS", "hash": "SHA-512", "saltLength": \#(saltLength)}"#
            let body = prefixed(RSAVector.pkcs8, Self.sample)
            if isFine {
                let signature = try await run("crypto.sign", argument, body)
                #expect(try await isValid(argument, signature, Self.sample))
            } else {
                #expect(await wrong("crypto.sign", argument, body) == "crypto/operation")
                #expect(try await !isValid(argument, [UInt8](repeating: 1, count: 256), Self.sample))
            }
        }
    }

    @Test("OAEP decrypts what others encrypt, with labels and all hashes")
    func ciphertexts() async throws {
        for (hash, label, ciphertext) in RSAVector.ciphertexts {
            let decrypt = #"{"name": "RSA-OAEP", "op": "decrypt", "hash": "\#(hash)"}"#
            let encrypt = #"{"name": "RSA-OAEP", "op": "encrypt", "hash": "\#(hash)"}"#
            let label = Array(label.utf8)
            #expect(
                try await run("crypto.rsaOAEP", decrypt, prefixed(RSAVector.pkcs8, label, ciphertext)) == Self.sample)
            let own = try await run("crypto.rsaOAEP", encrypt, prefixed(RSAVector.spki, label, Self.sample))
            #expect(own != ciphertext)
            #expect(try await run("crypto.rsaOAEP", decrypt, prefixed(RSAVector.pkcs8, label, own)) == Self.sample)
            for body in [
                prefixed(RSAVector.pkcs8, label + [0], ciphertext), prefixed(RSAVector.pkcs8, label, []),
                prefixed(RSAVector.pkcs8, label, [UInt8](repeating: 0xff, count: 256)),
            ] { #expect(await wrong("crypto.rsaOAEP", decrypt, body) == "crypto/operation") }
        }
        let encrypt = #"{"name": "RSA-OAEP", "op": "encrypt", "hash": "SHA-256"}"#
        let most = [UInt8](repeating: 7, count: 190)
        #expect(try await run("crypto.rsaOAEP", encrypt, prefixed(RSAVector.spki, [], most)).count == 256)
        #expect(
            await wrong("crypto.rsaOAEP", encrypt, prefixed(RSAVector.spki, [], most + [7])) == "crypto/operation")
    }

    @Test("Keys are checked, made and turned into public ones")
    func keys() async throws {
        func argument(_ from: String, _ to: String) -> String {
            #"{"name": "RSA-PSS", "from": "\#(from)", "to": "\#(to)"}"#
        }
        #expect(try await run("crypto.convertKey", argument("pkcs8", "spki"), RSAVector.pkcs8) == RSAVector.spki)
        #expect(try await run("crypto.convertKey", argument("pkcs8", "pkcs8"), RSAVector.pkcs8) == RSAVector.pkcs8)
        #expect(try await run("crypto.convertKey", argument("spki", "spki"), RSAVector.spki) == RSAVector.spki)
        var off = RSAVector.pkcs8
        off[off.count - 1] ^= 1
        for (from, bytes) in [("pkcs8", off), ("pkcs8", RSAVector.spki), ("spki", RSAVector.pkcs8), ("spki", [])] {
            #expect(await wrong("crypto.convertKey", argument(from, from), bytes) == "crypto/data")
        }
        #expect(await wrong("crypto.convertKey", argument("spki", "pkcs8"), RSAVector.spki) == "crypto/unsupported")
        #expect(await wrong("crypto.derive", #"{"name": "RSA-PSS"}"#, prefixed([], [])) == "crypto/unsupported")
        for length in ["", #", "length": 1000"#, #", "length": 1032"#, #", "length": 4224"#] {
            #expect(
                await wrong("crypto.generateKeyPair", #"{"name": "RSA-OAEP"\#(length)}"#, []) == "crypto/operation")
        }
        let pair = try await run("crypto.generateKeyPair", #"{"name": "RSA-OAEP", "length": 1024}"#, [])
        let parts = try #require(LengthPrefixed.split(ByteBuffer(bytes: pair), into: 2))
        #expect(try await run("crypto.convertKey", argument("pkcs8", "spki"), parts[0]) == parts[1])
    }

    @Test("Making keys counts against the app's budget")
    func generationIsLimited() async throws {
        try await withServices({
            $0.crypto.iterationBurst = RSAAlgorithm.generationCost(bits: 1_024) * 1.5
            $0.crypto.iterationsPerSecond = 0.001
        }) { services in
            let call = makeCall("crypto.generateKeyPair", #"{"name": "RSA-PSS", "length": 1024}"#, bytes: [])
            _ = try await services.bytes(call)
            #expect(await failure { try await services.answer(call).value }.code == "crypto/limit")
        }
    }

    @Test("Powers modulo odd numbers")
    func powers() throws {
        for (modulus, base, exponent, expected) in [
            ("0b", "07", "03", "02"), ("0b", "07", "", "01"), ("0b", "00", "03", "00"), ("000b", "0a", "02", "01"),
            ("ffffffff", "fffffffe", "010001", "fffffffe"), ("010000000f", "ff00000001", "02", nil),
            ("ffffffffffffffc5", "0123456789abcdef", "010001", "d3097250901a4710"), ("04", "02", "03", nil),
            ("01", "00", "01", nil), ("", "00", "01", nil), ("0b", "0b", "01", nil),
        ] as [(String, String, String, String?)] {
            let power = ModularPower(modulus: hex(modulus))?.power(hex(base), hex(exponent))
            #expect(power == expected.map(hex), "\(base)^\(exponent) mod \(modulus)")
        }
    }

    @Test("Paddings of blocks that are too short are refused")
    func shortBlocks() {
        let padding = RSAPadding(hash: .sha256)
        #expect(padding.encodePSS([1], salt: [], bits: 34 * 8)?.count == 34)
        #expect(padding.encodePSS([1], salt: [], bits: 33 * 8) == nil)
        #expect(!padding.verifyPSS([], [], saltLength: 0, bits: 0))
        #expect(!padding.verifyPSS([0xbc], [], saltLength: .max, bits: 8))
        #expect(padding.encodeOAEP([], label: [], seed: [UInt8](repeating: 1, count: 32), length: 66)?.count == 66)
        #expect(padding.encodeOAEP([], label: [], seed: [UInt8](repeating: 1, count: 32), length: 65) == nil)
        #expect(padding.decodeOAEP([], label: []) == nil)
        #expect(padding.decodeOAEP([UInt8](repeating: 0, count: 66), label: []) == nil)
    }
}
