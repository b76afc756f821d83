import Blake3
import Bundling
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import Manifests

/// Finds the source map of each release, and with it the places in the sources.
actor StackPlaces {
    /// Releases whose maps are kept.
    private static let maxReleases = 16

    private let name: AppName
    private let clients: [NodeClient]
    private var mappers: [String: StackMapper?] = [:]

    init(name: AppName, clients: [NodeClient]) {
        self.name = name
        self.clients = clients
    }

    /// The text with its places in the sources; as it is if the release's map cannot be had.
    func rewrite(_ text: String, release: String) async -> String {
        // Only a text with a place, `name:1:2`, can be concerned.
        guard text.contains(#/:[0-9]+/#) else { return text }
        if let known = mappers[release] { return known?.rewrite(text) ?? text }
        let mapper = await load(release)
        if mappers.count >= StackPlaces.maxReleases { mappers = [:] }
        mappers[release] = .some(mapper)
        return mapper?.rewrite(text) ?? text
    }

    private func load(_ release: String) async -> StackMapper? {
        for client in clients {
            guard let info = try? await client.name(name),
                let id = info.releases.first(where: { $0.id == release }).flatMap({ BlobID($0.manifest) }),
                let bytes = await blob(id, ManifestLimits.maxManifestBytes),
                let function = (try? Manifest(decoding: bytes))?.function
            else { continue }
            guard let id = function.sourceMap else {
                return StackMapper(sourceName: function.sourceName, sourceMap: nil)
            }
            guard let map = await blob(id, ManifestLimits.maxSourceMapBytes) else { return nil }
            return StackMapper(sourceName: function.sourceName, sourceMap: map)
        }
        return nil
    }

    /// A blob from whichever node has it, checked.
    private func blob(_ id: BlobID, _ limit: Int) async -> Data? {
        for client in clients {
            if let bytes = try? await client.content(of: id, limit: limit), BlobID(Blake3.hash(bytes)) == id {
                return bytes
            }
        }
        return nil
    }
}
