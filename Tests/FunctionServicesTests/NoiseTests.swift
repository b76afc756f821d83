import Functions
import NIOCore
import Outbound
import Testing

@testable import FunctionServices

/// Random and damaged input: every call must answer or fail with a code, and nothing may end the process.
@Suite struct NoiseTests {
    /// SplitMix64, so that a failure can be repeated.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
            return word ^ (word >> 31)
        }
    }

    private static func mutated(_ bytes: [UInt8], _ random: inout Generator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            switch (Int.random(in: 0..<4, using: &random), bytes.isEmpty) {
            case (0, false):
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            case (1, false): bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &random))
            case (2, false): bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
            default:
                bytes.insert(.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
            }
        }
        return bytes
    }

    @Test func urlsThatAreAcceptedAreUnderstoodAlike() throws {
        var random = Generator(state: 1)
        let seeds = [
            "http://example.com:80/a/../b?c#d", "https://user@[2606:4700::1111]:8443/%2e%2e/x?y=%zz", "http://1.1.1.1",
            "http://a.b.c/\\..\\x y|z{}[]", "HTTP://xn--bcher-kva.example/?a=ü",
        ].map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<20_000 {
            let text = String(decoding: Self.mutated(seeds[round % seeds.count], &random), as: UTF8.self)
            guard let url = try? HTTPURL(text) else { continue }
            accepted += 1
            #expect(try HTTPURL(url.description) == url, "\(text)")
            #expect(url.description.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "\(text)")
            // What Foundation reads differently would be refused; nothing that passes our rules should be.
            #expect(ClientURL.agrees(with: url), "\(text)")
            _ = try? url.resolving(
                String(decoding: Self.mutated(seeds[(round + 1) % seeds.count], &random), as: UTF8.self))
        }
        #expect(accepted > 5_000)
    }

    @Test func pathsStayBelowTheRoot() {
        var random = Generator(state: 2)
        let pieces = ["/", "..", ".", "%2e", "%2E", "a", "%", "%00", "%2f", "\\", "?", "#", "ü", "%c3%bc", "//"]
        for _ in 0..<20_000 {
            let path = "/" + (0..<6).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            guard let normal = AssetPath.normalized(path) else { continue }
            #expect(normal.hasPrefix("/"), "\(path)")
            let segments = normal.split(separator: "/", omittingEmptySubsequences: false)
            #expect(!segments.contains("..") && !segments.contains("."), "\(path)")
            #expect(!normal.contains("\\") && !normal.contains("\0"), "\(path)")
        }
    }

    @Test func damagedKeysAndDataFailInOrder() async throws {
        var random = Generator(state: 3)
        let vector = CurveVector.all[0]
        let calls: [(String, String, [UInt8])] = [
            ("crypto.convertKey", #"{"name": "ECDSA", "curve": "P-256", "from": "pkcs8", "to": "jwk"}"#, vector.pkcs8),
            ("crypto.convertKey", #"{"name": "ECDSA", "curve": "P-256", "from": "spki", "to": "raw"}"#, vector.spki),
            (
                "crypto.convertKey", #"{"name": "ECDH", "curve": "P-256", "from": "jwk", "to": "pkcs8"}"#,
                prefixed(vector.scalar, vector.point)
            ),
            ("crypto.convertKey", #"{"name": "Ed25519", "from": "pkcs8", "to": "raw"}"#, vector.pkcs8),
            ("crypto.sign", #"{"name": "ECDSA", "curve": "P-256", "hash": "SHA-1"}"#, prefixed(vector.pkcs8, [1])),
            (
                "crypto.verify", #"{"name": "ECDSA", "curve": "P-256", "hash": "SHA-1"}"#,
                prefixed(vector.point, vector.signatures["SHA-1"] ?? [], [1])
            ),
            ("crypto.derive", #"{"name": "ECDH", "curve": "P-256"}"#, prefixed(vector.pkcs8, vector.otherPoint)),
            (
                "crypto.aesGCM", #"{"op": "decrypt"}"#,
                prefixed(vector.scalar, [UInt8](repeating: 1, count: 12), [], vector.spki)
            ),
            (
                "crypto.aesCBC", #"{"op": "decrypt"}"#,
                prefixed(vector.scalar, [UInt8](repeating: 1, count: 16), vector.scalar)
            ),
            ("crypto.hmac", #"{"hash": "SHA-256"}"#, prefixed(vector.scalar, vector.spki)),
            (
                "compress", #"{"format": "gzip", "op": "decompress"}"#,
                hex("1f8b0800000000000003cb48cdc9c95748402200a5ae5b4e13000000")
            ),
            ("compress", #"{"format": "deflate", "op": "decompress"}"#, hex("78da2bce4e2d2aaa0400091602a1")),
        ]
        try await withServices { services in
            for round in 0..<3_000 {
                let (name, argument, body) = calls[round % calls.count]
                do {
                    _ = try await services.bytes(makeCall(name, argument, bytes: Self.mutated(body, &random)))
                } catch {
                    #expect(error is HostCallError, "round \(round): \(error)")
                }
            }
        }
    }

    @Test func damagedArgumentsFailInOrder() async throws {
        var random = Generator(state: 4)
        let calls = [
            ("crypto.pbkdf2", #"{"hash": "SHA-256", "iterations": 1, "bits": 256}"#),
            ("crypto.aesCTR", #"{"op": "encrypt", "length": 64}"#), ("crypto.hkdf", #"{"hash": "SHA-1", "bits": 8}"#),
            ("compress", #"{"format": "gzip", "op": "compress"}"#), ("assets.get", #"{"path": "/a%20/../b"}"#),
            ("service", #"{"binding": "A", "url": "http://x/", "headers": [["a", "b"]]}"#),
            ("fetch", #"{"url": "http://x/", "method": "GET", "headers": [["a", "b"]], "redirect": "follow"}"#),
        ]
        try await withServices(
            { $0.fetch.callBurst = 1e9 }, resolver: FixedNames([:])
        ) { services in
            for round in 0..<3_000 {
                let (name, argument) = calls[round % calls.count]
                let text = String(decoding: Self.mutated(Array(argument.utf8), &random), as: UTF8.self)
                do {
                    _ = try await services.bytes(makeCall(name, text, bytes: prefixed([1], [2], [3])))
                } catch {
                    #expect(error is HostCallError, "round \(round): \(error)")
                }
            }
        }
    }
}
