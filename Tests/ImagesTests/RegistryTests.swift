import Foundation
import Identity
import NIOCore
import NIOHTTP1
import Outbound
import Synchronization
import Testing

@testable import Images

/// Registries on loopback, over real sockets.
@Suite struct RegistryTests {
    private let folder: TemporaryFolder
    private let store = MemoryStore()
    private static let repository = "team/app"

    init() throws { folder = try TemporaryFolder() }

    private static func allowLoopback(_ settings: inout ImageImporter.Settings) {
        settings.registry.addresses.allowed = ["127.0.0.0/8"].compactMap { AddressBlock($0) }
    }

    private static let image = TestImage([
        TarBuilder.make { $0.file("bin/server", bytes: TarBuilder.noise(300_000)) },
        TarBuilder.make { $0.file("etc/config", "x") },
    ])

    private static var tags: [String: (bytes: [UInt8], type: String)] {
        [
            "1.0": (image.manifest, ImageMediaType.manifest + "; charset=utf-8"),
            "all": (TestImage.index([(image, "amd64", nil)]), ImageMediaType.index),
        ]
    }

    private func importer(_ change: (inout ImageImporter.Settings) -> Void = { _ in }) -> ImageImporter {
        var settings = ImageImporter.Settings()
        settings.platform = .amd64
        settings.temporaryFolder = folder.path
        settings.registry.trustsNamedRegistry = true
        change(&settings)
        return ImageImporter(store, settings: settings)
    }

    private func reference(_ port: Int, _ rest: String) throws -> ImageReference {
        try ImageReference(checking: "127.0.0.1:\(port)/\(Self.repository)\(rest)")
    }

    /// Runs a server while `body` runs.
    private func with(
        _ handler: @escaping TestServer.Handler, _ body: (TestServer) async throws -> Void
    ) async throws {
        let server = try await TestServer(handler)
        do { try await body(server) } catch {
            await server.close()
            throw error
        }
        await server.close()
    }

    private static func plain(_ request: TestServer.Request) -> TestServer.Answer {
        TestRegistry.answer(request, repository: repository, blobs: image.blobs, tags: tags)
    }

    private func error(_ importer: ImageImporter, _ reference: @autoclosure () throws -> ImageReference) async
        -> ImageError?
    {
        do {
            _ = try await importer.run(.registry(try reference()))
            return nil
        } catch { return error as? ImageError }
    }

    @Test func pullsByDigestByTagAndThroughAnIndex() async throws {
        try await with(Self.plain) { server in
            let digest = Self.image.manifestDigest
            for rest in ["@\(digest)", ":1.0", ":all", ":1.0@\(digest)"] {
                let report = try await importer().run(.registry(try reference(server.port, rest)))
                #expect(report.image.id == digest, "\(rest)")
            }
            // Nothing is left of the downloads.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            for layer in try Self.image.stored().layers { #expect(store.stores(of: layer.blob) == 1) }
        }
    }

    @Test func doesNotReadWhatTheStoreHas() async throws {
        try await with(Self.plain) { server in
            let first = try await importer().run(.registry(try reference(server.port, ":1.0")))
            let known = Dictionary(first.image.layers.map { ($0.digest, $0) }, uniquingKeysWith: { $1 })
            let before = server.requests.count
            let again = try await importer().run(.registry(try reference(server.port, ":1.0")), known: known)
            #expect(again.image == first.image)
            #expect(again.layers.map(\.wasShared) == [true, true])
            // The manifest and the config.
            #expect(server.requests.count == before + 2)
        }
    }

    @Test func fetchesATokenWhereOneIsAskedFor() async throws {
        let realm = Mutex("")
        try await with({ request in
            TestRegistry.answer(
                request, repository: Self.repository, blobs: Self.image.blobs, tags: Self.tags, token: "anonymous-1",
                realm: realm.withLock { $0 })
        }) { server in
            realm.withLock { $0 = "http://127.0.0.1:\(server.port)/token" }
            let report = try await importer(Self.allowLoopback)
                .run(.registry(try reference(server.port, ":1.0")))
            #expect(report.image.id == Self.image.manifestDigest)
            #expect(server.requests.count { $0.target.hasPrefix("/token") } == 1)
        }
    }

    @Test func followsRedirectsWithoutTheToken() async throws {
        let blobs = try await TestServer { request in
            request.headers.contains(name: "authorization")
                ? .init(status: 400) : Self.plain(request)
        }
        let port = blobs.port
        let realm = Mutex("")
        try await with({ request in
            if request.target.contains("/blobs/"), request.headers.first(name: "authorization") == "Bearer t" {
                return .init(status: 307, headers: [("location", "http://127.0.0.1:\(port)\(request.target)")])
            }
            return TestRegistry.answer(
                request, repository: Self.repository, blobs: [:], tags: Self.tags, token: "t",
                realm: realm.withLock { $0 })
        }) { server in
            realm.withLock { $0 = "http://127.0.0.1:\(server.port)/token" }
            let report = try await importer(Self.allowLoopback)
                .run(.registry(try reference(server.port, ":1.0")))
            #expect(report.image.id == Self.image.manifestDigest)
        }
        await blobs.close()
    }

    @Test func connectsOnlyWhereItMay() async throws {
        // A node does not trust the reference.
        try await with(Self.plain) { server in
            let refused = await error(
                importer { $0.registry.trustsNamedRegistry = false }, try reference(server.port, ":1.0"))
            #expect(refused?.code == .refusedAddress)
            #expect(server.requests.isEmpty)
        }
        // A registry does not get to name others: redirects and token servers are judged.
        try await with({ _ in .init(status: 302, headers: [("location", "http://169.254.169.254/latest/")]) }) {
            server in
            let refused = await error(importer(), try reference(server.port, ":1.0"))
            #expect(refused?.code == .refusedAddress)
        }
        try await with({ _ in .init(status: 302, headers: [("location", "https://10.1.2.3/x")]) }) { server in
            #expect(await error(importer(), try reference(server.port, ":1.0"))?.code == .refusedAddress)
        }
        for realm in ["https://10.0.0.1/token", "http://example.com/token", "https://[::1]/token"] {
            try await with({ _ in
                .init(status: 401, headers: [("www-authenticate", #"Bearer realm="\#(realm)",service="s""#)])
            }) { server in
                let refused = await error(importer(), try reference(server.port, ":1.0"))
                #expect(refused?.code == .refusedAddress, "\(realm)")
            }
        }
        // Plain HTTP on this machine only.
        #expect(try ImageReference(checking: "10.0.0.1/app:1").base().isSecure)
        #expect(try ImageReference(checking: "localhost:5000/app:1").base().isSecure == false)
    }

    @Test func refusesLies() async throws {
        let digest = Self.image.manifestDigest
        let other = TestImage([TarBuilder.make { $0.file("evil", "x") }])
        /// Answers with something else for some paths.
        func lie(_ part: String, _ change: @escaping @Sendable (inout TestServer.Answer) -> Void) async throws
            -> ImageError?
        {
            var found: ImageError?
            try await with({ request in
                var answer = Self.plain(request)
                if request.target.contains(part) { change(&answer) }
                return answer
            }) { server in found = await error(importer(), try reference(server.port, "@\(digest)")) }
            return found
        }
        let layer = Self.image.layers[0].digest.description
        let config = ImageDigest(hashing: Self.image.config).description
        let lies: [(part: String, code: ImageError.Code, change: @Sendable (inout TestServer.Answer) -> Void)] = [
            ("/manifests/", .wrongDigest, { $0.body = other.manifest }),
            ("/manifests/", .unknownMediaType, { $0.headers = [("content-type", "text/html")] }),
            ("/manifests/", .tooLarge, { $0.body = [UInt8](repeating: 0x20, count: 2 << 20) }),
            (config, .tooLarge, { $0.body.append(0x20) }), (config, .wrongDigest, { $0.body[0] ^= 1 }),
            (config, .wrongSize, { $0.body.removeLast() }), (layer, .wrongSize, { $0.body.removeLast() }),
            (layer, .wrongDigest, { $0.body[4] ^= 1 }), (layer, .registryFailed, { $0.cutAfter = 10_000 }),
            (layer, .registryFailed, { $0.status = 500 }), (layer, .notFound, { $0.status = 404 }),
        ]
        for (number, one) in lies.enumerated() {
            let found = try await lie(one.part, one.change)
            #expect(found?.code == one.code, "\(number): \(found?.description ?? "no error")")
        }
        let record = try Self.image.stored().blob
        #expect(store.blobs[record] == nil)
    }

    @Test func saysWhyItMayNotRead() async throws {
        try await with({ _ in .init(status: 401, headers: [("www-authenticate", #"Basic realm="x""#)]) }) { server in
            #expect(await error(importer(), try reference(server.port, ":1.0"))?.code == .unauthorised)
        }
        try await with({ _ in .init(status: 403) }) { server in
            #expect(await error(importer(), try reference(server.port, ":1.0"))?.code == .unauthorised)
        }
        try await with({ request in
            .init(status: 302, headers: [("location", request.target)])
        }) { server in
            #expect(await error(importer(), try reference(server.port, ":1.0"))?.code == .registryFailed)
            #expect(server.requests.count == 6)
        }
        try await with(Self.plain) { server in
            #expect(await error(importer(), try reference(server.port, ":2.0"))?.code == .notFound)
        }
    }
}
