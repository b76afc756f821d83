import Foundation
import Gateway
import Testing

@testable import Node

@Suite("TLS in node.json") struct EdgeOptionsTests {
    private static func settings(_ json: String) throws -> Gateway.Settings.TLS {
        let options = try JSONDecoder().decode(TLSOptions.self, from: Data(json.utf8))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var settings = Gateway.Settings.TLS(certificates: try LocalCertificates(NodeFolder(folder.path)))
        options.apply(to: &settings)
        return settings
    }

    @Test("Redirects and HSTS are off unless they are asked for")
    func settings() throws {
        let plain = try Self.settings("{}")
        #expect(!plain.redirectsCleartext && plain.redirectPort == nil && plain.strictTransport == nil)
        let set = try Self.settings(
            #"{"redirectsCleartext": true, "redirectPort": 443, "strictTransportSeconds": 300}"#)
        #expect(set.redirectsCleartext && set.redirectPort == 443 && set.strictTransport == .seconds(300))
        #expect(throws: (any Error).self) { try Self.settings(#"{"redirectPort": 65536}"#) }
    }
}
