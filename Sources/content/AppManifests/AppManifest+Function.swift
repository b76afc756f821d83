public import Manifests

extension AppManifest {
    /// Writes what the app says about running into a function's manifest; its code and files are others' matter.
    public func describe(_ function: inout FunctionManifest) {
        function.vars = vars
        function.bindings = bindings.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        function.secrets = secrets.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        function.routes = routes
        function.cron = cron
        function.compatibilityDate = compatibilityDate
        function.limits = limits
    }
}
