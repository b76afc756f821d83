import Gateway
import NIOCore
import NIOSSL
import Synchronization

/// A certificate for localhost, *.localhost and test.example, and orders that the tests set.
final class TestCertificates: GatewayCertificates {
    static let chain = """
        -----BEGIN CERTIFICATE-----
        MIIBtzCCAVygAwIBAgIUIo9F70fGsgYwBMBY+GXC/TITy/QwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLc2tlcnJ5IHRlc3QwIBcNMjYxMTI5MjAyOTQ2WhgPMjEyNjEx
        MDUyMDI5NDZaMBYxFDASBgNVBAMMC3NrZXJyeSB0ZXN0MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAE1xKrekgVdqYebKfC22ZpMBEMugE/fBWqhzA6+PZahAhxa4Sg
        YC1zF7hpmlicwTkyjX5UnGgAk1veOBuKaBl0YKOBhTCBgjAdBgNVHQ4EFgQU4a1w
        KqEBHlJ2orvYAu3nTW3MN5UwHwYDVR0jBBgwFoAU4a1wKqEBHlJ2orvYAu3nTW3M
        N5UwDwYDVR0TAQH/BAUwAwEB/zAvBgNVHREEKDAmgglsb2NhbGhvc3SCCyoubG9j
        YWxob3N0ggx0ZXN0LmV4YW1wbGUwCgYIKoZIzj0EAwIDSQAwRgIhAK6QG7cUKJOi
        NDJTx7qeTFaiVgdg3Vvz2UmhphPqHprCAiEA2AAYKEqD7ZXLDDuBXL9WRGy+uFSL
        zjOZAWFrur7eEOY=
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFyHbEABaGNZrFB8O
        yAVME1xCV8CJO3rBfspo5zBHENOhRANCAATXEqt6SBV2ph5sp8LbZmkwEQy6AT98
        FaqHMDr49lqECHFrhKBgLXMXuGmaWJzBOTKNflScaACTW944G4poGXRg
        -----END PRIVATE KEY-----
        """

    let asked = Mutex<[String?]>([])
    let tokens = Mutex<[String: String]>([:])
    let challenges = Mutex<Set<String>>([])
    /// Names whose certificate comes later, and what they wait for.
    let late = Mutex<[String: EventLoopPromise<Void>]>([:])
    private let served: NIOSSLContext
    private let challenge: NIOSSLContext

    init() throws {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.chain.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.key.utf8), format: .pem)
        served = try GatewayTLS.context(chain: chain, key: key)
        challenge = try GatewayTLS.challengeContext(chain: chain, key: key)
    }

    func context(for serverName: String?) -> NIOSSLContext? {
        asked.withLock { $0.append(serverName) }
        guard let name = serverName else { return served }
        return name.hasSuffix("localhost") || name == "test.example" ? served : nil
    }

    func contextToCome(for serverName: String, on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext?>? {
        late.withLock { $0[serverName] }?.futureResult.map { [served] () -> NIOSSLContext? in served }
            .hop(to: eventLoop)
    }

    func challengeContext(for serverName: String) -> NIOSSLContext? {
        challenges.withLock { $0.contains(serverName) } ? challenge : nil
    }

    func keyAuthorization(token: String, host: String?) -> String? { tokens.withLock { $0[token] } }
}
