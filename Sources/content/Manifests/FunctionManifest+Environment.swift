import Foundation

extension FunctionManifest {
    /// The `env` of the function as a worker is given it, in JSON with sorted keys: `vars`, `bindings`, `node` and
    /// `compatibilityDate`.
    ///
    /// - Parameters:
    ///   - nodeID: What `env.NODE.id` says.
    ///   - extraVars: Texts that take the place of the manifest's own of the same name.
    public func environmentText(nodeID: String, extraVars: [String: String] = [:]) -> String {
        var object: [String: Any] = [
            "vars": vars.merging(extraVars) { $1 },
            "bindings": bindings.map { binding in
                var entry = ["name": binding.name, "type": binding.type]
                switch binding.target {
                case .assets: break
                case .service(let name): entry["service"] = name
                case .kv(let namespace): entry["namespace"] = namespace
                // For the code it is a service like another; the node knows which.
                case .machine: entry["type"] = "service"
                }
                return entry
            },
            "node": nodeID,
        ]
        if let compatibilityDate { object["compatibilityDate"] = compatibilityDate }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and lists of texts always have a JSON form.
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
