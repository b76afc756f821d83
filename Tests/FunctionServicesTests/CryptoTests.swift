import Functions
import NIOCore
import Streams
import Testing

@testable import FunctionServices

@Suite struct CryptoTests {
    private func run(_ name: String, _ argument: String, _ bytes: [UInt8]) async throws -> [UInt8] {
        var result: [UInt8] = []
        try await withServices { services in
            result = try await services.answer(makeCall(name, argument, bytes: bytes)).bytes()
        }
        return result
    }

    private func wrong(_ name: String, _ argument: String, _ bytes: [UInt8]) async -> String {
        await failure { try await run(name, argument, bytes) }.code
    }

    // FIPS 180-4's "abc", and RFC 4231's (RFC 2202's for SHA-1) first case.
    @Test(arguments: [
        ("SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d", "b617318655057264e28bc0b6fb378c8ef146be00"),
        (
            "SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "SHA-384",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"
        ),
        (
            "SHA-512",
            """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """,
            """
            87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
            daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
            """
        ),
    ])
    func digestsAndCodes(_ name: String, _ digest: String, _ code: String) async throws {
        #expect(try await run("crypto.digest", #"{"name": "\#(name)"}"#, Array("abc".utf8)) == hex(digest))
        let body = prefixed([UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8))
        #expect(try await run("crypto.hmac", #"{"hash": "\#(name)", "op": "sign"}"#, body) == hex(code))
    }

    @Test func digestsTakeStreams() async throws {
        try await withServices { services in
            let whole = [UInt8](repeating: 97, count: 1_000_000)
            func stream(_ bytes: [UInt8]) -> FunctionBody {
                let stream = ByteStream()
                Task {
                    for start in stride(from: 0, to: bytes.count, by: 99_991) {
                        try await stream.write(ByteBuffer(bytes: bytes[start..<min(start + 99_991, bytes.count)]))
                    }
                    stream.finish()
                }
                return .stream(stream)
            }
            // FIPS 180-4's million times "a".
            let digest = try await services.answer(
                makeCall("crypto.digest", #"{"name": "SHA-256"}"#, body: stream(whole)))
            #expect(
                try await digest.bytes() == hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"))
            let body = prefixed([1, 2, 3], whole)
            let code = try await services.answer(
                makeCall("crypto.hmac", #"{"hash": "SHA-256", "op": "sign"}"#, body: stream(body)))
            #expect(
                try await code.bytes()
                    == services.bytes(makeCall("crypto.hmac", #"{"hash": "SHA-256", "op": "sign"}"#, bytes: body)))
        }
    }

    @Test func badDigestsAreNamed() async throws {
        #expect(await wrong("crypto.digest", #"{"name": "MD5"}"#, []) == "crypto/unsupported")
        #expect(await wrong("crypto.digest", "{}", []) == "crypto/unsupported")
        #expect(await wrong("crypto.hmac", "{}", []) == "crypto/data")
        #expect(await wrong("crypto.hmac", #"{"hash": "SHA-256"}"#, [5, 0, 0, 0, 1]) == "crypto/data")
        #expect(await wrong("crypto.hmac", #"{"hash": "SHA-256"}"#, [0xff, 0xff, 0xff, 0xff, 1]) == "crypto/data")
        #expect(await wrong("crypto.hmac", #"{"hash": "SHA-3"}"#, []) == "host/argument")
        #expect(await wrong("crypto.nothing", "{}", []) == "host/unknown")
    }

    // NIST's GCM test cases 2 and 4 (McGrew and Viega).
    @Test func aesGCM() async throws {
        let zero = [UInt8](repeating: 0, count: 16)
        let nonce = [UInt8](repeating: 0, count: 12)
        let sealed = hex("0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf")
        let encrypt = #"{"op": "encrypt", "tagLength": 128}"#
        #expect(try await run("crypto.aesGCM", encrypt, prefixed(zero, nonce, [], zero)) == sealed)
        let key = hex("feffe9928665731c6d6a8f9467308308")
        let iv = hex("cafebabefacedbaddecaf888")
        let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        let plain = hex(
            """
            d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39
            """)
        let cipher = hex(
            """
            42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
            21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47
            """)
        #expect(try await run("crypto.aesGCM", encrypt, prefixed(key, iv, additional, plain)) == cipher)
        let decrypt = #"{"op": "decrypt"}"#
        #expect(try await run("crypto.aesGCM", decrypt, prefixed(key, iv, additional, cipher)) == plain)
        #expect(await wrong("crypto.aesGCM", decrypt, prefixed(key, iv, [], cipher)) == "crypto/operation")
        #expect(await wrong("crypto.aesGCM", decrypt, prefixed(key, iv, additional, [1, 2])) == "crypto/operation")
        #expect(await wrong("crypto.aesGCM", decrypt, prefixed(key, [1], [], cipher)) == "crypto/operation")
        #expect(await wrong("crypto.aesGCM", decrypt, prefixed([1], iv, [], cipher)) == "crypto/data")
        #expect(await wrong("crypto.aesGCM", decrypt, [1, 2, 3]) == "crypto/data")
        for bits in [32, 64, 96, 104, 112, 120] {
            let short = Array(cipher.dropLast(16 - bits / 8))
            let body = prefixed(key, iv, additional, plain)
            #expect(try await run("crypto.aesGCM", #"{"op": "encrypt", "tagLength": \#(bits)}"#, body) == short)
            let open = #"{"op": "decrypt", "tagLength": \#(bits)}"#
            #expect(try await run("crypto.aesGCM", open, prefixed(key, iv, additional, short)) == plain)
            #expect(await wrong("crypto.aesGCM", open, prefixed(key, iv, [], short)) == "crypto/operation")
            #expect(await wrong("crypto.aesGCM", open, prefixed(key, iv, additional, [1])) == "crypto/operation")
        }
        for bits in [0, 8, 100, 129, -32] {
            let argument = #"{"op": "encrypt", "tagLength": \#(bits)}"#
            #expect(await wrong("crypto.aesGCM", argument, prefixed(key, iv, [], plain)) == "crypto/operation")
        }
        for keyBytes in [24, 32] {
            let key = [UInt8](repeating: 9, count: keyBytes)
            let long = [UInt8](repeating: 3, count: 40)
            let box = try await run("crypto.aesGCM", encrypt, prefixed(key, long, [], []))
            #expect(box.count == 16)
            #expect(try await run("crypto.aesGCM", decrypt, prefixed(key, long, [], box)).isEmpty)
        }
    }

    // RFC 3394, sections 4.1 and 4.6.
    @Test func aesKeyWrap() async throws {
        let (encrypt, decrypt) = (#"{"op": "encrypt"}"#, #"{"op": "decrypt"}"#)
        let bytes = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
        let key = (0..<32).map { UInt8($0) }
        for (keyBytes, dataBytes, expected) in [
            (16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
        ] {
            let (key, data) = (Array(key.prefix(keyBytes)), Array(bytes.prefix(dataBytes)))
            #expect(try await run("crypto.aesKW", encrypt, prefixed(key, data)) == hex(expected))
            #expect(try await run("crypto.aesKW", decrypt, prefixed(key, hex(expected))) == data)
            #expect(
                await wrong("crypto.aesKW", decrypt, prefixed(key, [1] + hex(expected).dropFirst()))
                    == "crypto/operation")
        }
        for length in [0, 8, 15, 17] {
            let body = prefixed(Array(key.prefix(16)), [UInt8](repeating: 1, count: length))
            #expect(await wrong("crypto.aesKW", encrypt, body) == "crypto/operation")
            #expect(await wrong("crypto.aesKW", decrypt, body) == "crypto/operation")
        }
        #expect(await wrong("crypto.aesKW", encrypt, prefixed([1], bytes)) == "crypto/data")
        #expect(await wrong("crypto.aesKW", "{}", prefixed(key, bytes)) == "crypto/data")
    }

    // NIST SP 800-38A, F.2.1 and F.5.1.
    @Test func aesCBCAndCTR() async throws {
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c")
        let plain = hex("6bc1bee22e409f96e93d7e117393172a")
        let iv = hex("000102030405060708090a0b0c0d0e0f")
        let (encrypt, decrypt) = (#"{"op": "encrypt"}"#, #"{"op": "decrypt"}"#)
        let cbc = try await run("crypto.aesCBC", encrypt, prefixed(key, iv, plain))
        #expect(cbc.count == 32)
        #expect(Array(cbc.prefix(16)) == hex("7649abac8119b246cee98e9b12e9197d"))
        #expect(try await run("crypto.aesCBC", decrypt, prefixed(key, iv, cbc)) == plain)
        #expect(try await run("crypto.aesCBC", encrypt, prefixed(key, iv, [])).count == 16)
        var flipped = cbc
        flipped[15] ^= 1
        #expect(await wrong("crypto.aesCBC", decrypt, prefixed(key, iv, flipped)) == "crypto/operation")
        #expect(await wrong("crypto.aesCBC", decrypt, prefixed(key, iv, [1, 2, 3])) == "crypto/operation")
        #expect(await wrong("crypto.aesCBC", decrypt, prefixed(key, iv, [])) == "crypto/operation")
        #expect(await wrong("crypto.aesCBC", encrypt, prefixed(key, [1], plain)) == "crypto/operation")
        #expect(await wrong("crypto.aesCBC", "{}", prefixed(key, iv, plain)) == "crypto/data")
        let counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
        let argument = #"{"op": "encrypt", "length": 64}"#
        let ctr = try await run("crypto.aesCTR", argument, prefixed(key, counter, plain))
        #expect(ctr == hex("874d6191b620e3261bef6864990db6ce"))
        #expect(try await run("crypto.aesCTR", argument, prefixed(key, counter, [])).isEmpty)
        #expect(await wrong("crypto.aesCTR", argument, prefixed(key, [1, 2], plain)) == "crypto/operation")
        for length in [0, 129, -1] {
            let argument = #"{"op": "encrypt", "length": \#(length)}"#
            #expect(await wrong("crypto.aesCTR", argument, prefixed(key, counter, plain)) == "crypto/operation")
        }
    }

    // Made block by block with AES-ECB of the `cryptography` package of Python.
    @Test(arguments: [
        (
            4, "a0a1a2a3a4a5a6a7a8a9aaabacadae5e",
            """
            e287a4239e146be063644e086b209ca0670f469a0177fb49aca3526fb00c6d70f2ab4f2ab7035c3b8b45b22f1d23f936
            f4d4ee0145ada95a4340bd317cff86d2b0b68b985226b9c863987c38d110c9a9
            """
        ),
        (
            64, "1111111111111111fffffffffffffffe",
            """
            aa136413bb96d83f314d8da22d81b984882fa0e59e2d39e57c14c503198ead1752746648d48cf8c2083646c61fc58b12
            ab84648769f024aaa21719ab4481d799a7735fe9089ddc8ac088d815e9525b83
            """
        ),
        (
            128, "fffffffffffffffffffffffffffffffe",
            """
            b6b2cccd31a8fe3ef7719eb9fa35f5874c3361b742941882cc781424ca9b69ca2646d5c27b8c51937750a74f95f39a30
            23114df0f9b3ce9fc1f42b7ec15f9fb38911498645784c7d1b767c65749a92b4
            """
        ),
    ])
    func countersWrapAround(_ bits: Int, _ counter: String, _ expected: String) async throws {
        let (key, data) = ((0..<16).map { UInt8($0) }, (0..<80).map { UInt8(truncatingIfNeeded: $0 * 7) })
        let argument = #"{"op": "encrypt", "length": \#(bits)}"#
        #expect(try await run("crypto.aesCTR", argument, prefixed(key, hex(counter), data)) == hex(expected))
        if bits == 4 {
            let most = [UInt8](repeating: 0, count: 256)
            #expect(try await run("crypto.aesCTR", argument, prefixed(key, hex(counter), most)).count == 256)
            #expect(
                await wrong("crypto.aesCTR", argument, prefixed(key, hex(counter), most + [0])) == "crypto/operation")
        }
    }

    // RFC 5869, appendices A.1 and A.4; RFC 6070; PBKDF2 of Python's hashlib.
    @Test func derivations() async throws {
        let salt = hex("000102030405060708090a0b0c")
        let info = hex("f0f1f2f3f4f5f6f7f8f9")
        #expect(
            try await run(
                "crypto.hkdf", #"{"hash": "SHA-256", "bits": 336}"#,
                prefixed([UInt8](repeating: 0x0b, count: 22), salt, info))
                == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
        #expect(
            try await run(
                "crypto.hkdf", #"{"hash": "SHA-1", "bits": 336}"#,
                prefixed([UInt8](repeating: 0x0b, count: 11), salt, info))
                == hex("085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896"))
        #expect(try await run("crypto.hkdf", #"{"hash": "SHA-1", "bits": 0}"#, prefixed([1], [], [])).isEmpty)
        #expect(
            try await run("crypto.hkdf", #"{"hash": "SHA-512", "bits": 130560}"#, prefixed([], [], [])).count == 16_320)
        #expect(
            await wrong("crypto.hkdf", #"{"hash": "SHA-512", "bits": 130568}"#, prefixed([], [], []))
                == "crypto/operation")
        #expect(
            await wrong("crypto.hkdf", #"{"hash": "SHA-512", "bits": 7}"#, prefixed([], [], [])) == "crypto/operation")
        #expect(
            await wrong("crypto.hkdf", #"{"hash": "SHA-512", "bits": -8}"#, prefixed([], [], [])) == "crypto/operation")
        #expect(await wrong("crypto.hkdf", #"{"hash": "SHA-512"}"#, prefixed([], [], [])) == "crypto/operation")
        let body = prefixed(Array("password".utf8), Array("salt".utf8))
        for (hash, iterations, bits, expected) in [
            ("SHA-1", 1, 160, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            ("SHA-1", 4_096, 160, "4b007901b765489abead49d926f721d065a429c1"),
            ("SHA-256", 1_000, 320, "632c2812e46d4604102ba7618e9d6d7d2f8128f6266b4a03264d2a0460b7dcb388b3b1131f741bcb"),
            ("SHA-384", 1_000, 320, "3bd37e2236941d4a77b1b5b714c6f913fabb6b0841a6d7d8656b99d611e900fe06edb93b5b809efa"),
            ("SHA-512", 1_000, 320, "afe6c5530785b6cc6b1c6453384731bd5ee432ee549fd42fb6695779ad8a1c5bf59de69c48f774ef"),
        ] {
            let argument = #"{"hash": "\#(hash)", "iterations": \#(iterations), "bits": \#(bits)}"#
            #expect(try await run("crypto.pbkdf2", argument, body) == hex(expected))
        }
    }

    @Test func derivationsHaveLimits() async throws {
        let body = prefixed([1], [2])
        for iterations in [0, -1] {
            let argument = #"{"hash": "SHA-1", "iterations": \#(iterations), "bits": 128}"#
            #expect(await wrong("crypto.pbkdf2", argument, body) == "crypto/operation")
        }
        #expect(
            await wrong("crypto.pbkdf2", #"{"hash": "SHA-1", "iterations": 1000001, "bits": 128}"#, body)
                == "crypto/unsupported")
        #expect(
            await wrong("crypto.pbkdf2", #"{"hash": "SHA-1", "iterations": 1, "bits": 32776}"#, body)
                == "crypto/operation")
        try await withServices({
            $0.crypto.iterationBurst = 10_000
            $0.crypto.iterationsPerSecond = 1
        }) { services in
            let call = makeCall("crypto.pbkdf2", #"{"hash": "SHA-256", "iterations": 5000, "bits": 512}"#, bytes: body)
            let bytes = try await services.bytes(call)
            #expect(bytes.count == 64)
            #expect(await failure { try await services.answer(call).value }.code == "crypto/limit")
            let other = FunctionVersion(tenant: "owner/other", release: "r1")
            #expect(
                try await services.bytes(makeCall(call.name, call.argument, body: call.body, version: other))
                    .count
                    == 64)
        }
    }

    @Test func bodiesHaveALimit() async throws {
        try await withServices({ $0.crypto.maxBodyBytes = 1_000_000 }) { services in
            let overhead = 4 + 16 + 4 + 16
            for (extra, isFine) in [(0, true), (1, false)] {
                let data = [UInt8](repeating: 0, count: 1_000_000 - overhead + extra)
                let key = [UInt8](repeating: 1, count: 16)
                let call = makeCall("crypto.aesCTR", #"{"op": "encrypt"}"#, bytes: prefixed(key, key, data))
                if isFine {
                    let bytes = try await services.bytes(call)
                    #expect(bytes.count == data.count)
                } else {
                    #expect(await failure { try await services.answer(call).value }.code == "crypto/limit")
                }
            }
            let long = [UInt8](repeating: 0, count: 100_000)
            let call = makeCall("crypto.hmac", #"{"hash": "SHA-1"}"#, body: .stream(Self.slow(prefixed(long, []))))
            #expect(await failure { try await services.answer(call).value }.code == "crypto/limit")
        }
    }

    private static func slow(_ bytes: [UInt8]) -> ByteStream {
        let stream = ByteStream()
        Task {
            for start in stride(from: 0, to: bytes.count, by: 10_000) {
                try await stream.write(ByteBuffer(bytes: bytes[start..<min(start + 10_000, bytes.count)]))
            }
            stream.finish()
        }
        return stream
    }
}
