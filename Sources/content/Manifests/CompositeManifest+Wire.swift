import Foundation
import Wire

extension CompositeManifest {
    /// The canonical message: parts in order of their names, routes in the order in which they are tried.
    var message: ManifestPBComposite {
        var message = ManifestPBComposite()
        message.parts = parts.map { part in
            var entry = ManifestPBPart()
            entry.name = part.name
            entry.routes = part.routes.sorted { $0.precedes($1) }.map(\.description)
            entry.stripPrefix = part.stripsPrefix
            switch part.content {
            case .site(let site): entry.site = Manifest.message(site)
            case .function(let function): entry.function = function.message
            case .origin(let origin): entry.origin = origin.message
            case .machine(let machine): entry.machine = machine.message
            }
            return entry
        }
        return message
    }

    /// Checks every field.
    init(_ message: ManifestPBComposite) throws {
        guard message.parts.count <= CompositeManifest.maxParts else {
            throw ManifestError(.tooLarge, "The app has more than \(CompositeManifest.maxParts) parts")
        }
        try self.init(parts: try message.parts.map(CompositeManifest.part))
    }

    private static func part(_ message: ManifestPBPart) throws -> Part {
        guard message.routes.count <= maxRoutes else {
            throw ManifestError(.tooLarge, "The app's part \"\(message.name)\" has more than \(maxRoutes) routes")
        }
        let routes = try message.routes.map { text in
            guard let pattern = RoutePattern(text) else {
                throw ManifestError(.malformed, "The route \"\(text)\" of the app's part \"\(message.name)\" is none")
            }
            return pattern
        }.sorted { $0.precedes($1) }
        let content: Content =
            switch message.content {
            case .site(let site): .site(try Manifest.site(site))
            case .function(let function): .function(try FunctionManifest(function))
            case .origin(let origin): .origin(try OriginManifest(origin))
            case .machine(let machine): .machine(try MachineManifest(machine))
            case nil:
                throw ManifestError(
                    .malformed,
                    "The app's part \"\(message.name)\" is of no kind that this version knows; update the node")
            }
        return Part(name: message.name, content: content, routes: routes, stripsPrefix: message.stripPrefix)
    }
}
