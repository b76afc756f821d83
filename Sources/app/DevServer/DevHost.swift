import Foundation
import FunctionServices
import Functions
import Identity
import Logging
import Manifests
import NIOCore
import Outbound

/// What functions can reach while they are developed: the web, their own files, and values that are kept beside the app.
final class DevHost: Sendable {
    /// Where the values of bindings of type `kv` are, inside the app's folder; hidden, so that it is never deployed.
    static let folderName = ".skerry"

    /// Answers the functions' calls.
    let services: HostServices
    private let store: KVStore?

    /// - Parameter folder: The app's folder; nil keeps no values.
    /// - Throws: If the folder cannot be written.
    init(state: DevState, folder: String?, group: any EventLoopGroup, logger: Logger) throws {
        if let folder {
            let path = folder + "/" + DevHost.folderName
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                store = try KVStore(path: path + "/kv.sqlite")
            } catch { throw DevError("Cannot write to \(path), where values of kv bindings are kept: \(error)") }
        } else {
            store = nil
        }
        var settings = HostServices.Settings()
        // Other programs of this machine are what one develops against.
        settings.fetch.addresses.allowed = ["127.0.0.0/8", "::1/128"].compactMap { AddressBlock($0) }
        let values = store.map { store in
            BoundKeyValues(store) { _ in
                guard case .loaded(let loaded) = state.content else { return [] }
                return loaded.app.function?.namespaces ?? []
            }
        }
        services = try HostServices(
            settings, assets: DevAssets(state: state), invoker: DevServices(), keyValues: values, eventLoops: group,
            logger: logger)
    }

    /// Ends everything that the services have open.
    func close() async {
        await services.close()
        try? await store?.close()
    }
}

/// The app's files, for bindings of type `assets`.
private struct DevAssets: FunctionAssets {
    let state: DevState

    func asset(at path: String, of version: FunctionVersion) async throws -> FunctionAsset? {
        guard case .loaded(let loaded) = state.content, let files = loaded.app.files?.files else { return nil }
        let name = String(path.dropFirst())
        let names = name.isEmpty || name.hasSuffix("/") ? [name + "index.html"] : [name, name + ".html"]
        guard let file = names.lazy.compactMap({ files[$0] }).first, let location = loaded.app.locations[file.blob],
            let bytes = FileManager.default.contents(atPath: location)
        else { return nil }
        return FunctionAsset(
            contentType: file.contentType, etag: "\"\(file.blob.hex)\"", body: .bytes(ByteBuffer(bytes: bytes)))
    }
}

/// Other apps are not here.
private struct DevServices: ServiceInvoker {
    func answer(_ request: ServiceRequest) async throws -> ServiceResponse {
        throw HostCallError(
            "service/unknown",
            "The binding \(request.binding) leads to another app, and `skerry dev` runs one alone; deploy both, or answer "
                + "without it when env says so")
    }
}
