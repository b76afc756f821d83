import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Manifests
import Testing

@Suite("Manifests of releases", .timeLimit(.minutes(1)))
struct ManifestTests {
    private func site(_ text: String) throws -> Data {
        let bytes = Array(text.utf8)
        let file = SiteManifest.File(
            blob: BlobID(Blake3.hash(bytes)), byteCount: bytes.count, contentType: "text/html; charset=utf-8")
        return try Manifest.site(SiteManifest(files: ["index.html": file])).encoded()
    }

    private func release(_ manifest: BlobID) -> ReleaseInfo {
        ReleaseInfo(
            id: "0123456789", kind: "site", manifest: manifest.description, message: "", publisher: "",
            publishedMilliseconds: 0, live: true, percent: 100)
    }

    @Test("A node cannot slip in another one than the release names")
    func lies() async throws {
        let network = try TestNetwork()
        let (honest, other) = (try site("honest"), try site("other"))
        let id = BlobID(Blake3.hash(Array(honest)))
        network.setBlob(id, honest)
        let release = release(id)
        try await TestNode(network: network).serve { url async throws in
            let client = NodeClient(control: url)
            #expect(try await client.manifest(of: release).encoded() == honest)
            network.setBlob(id, other)
            #expect(await code { _ = try await client.manifest(of: release) } == "client/corrupt")
        }
    }
}
