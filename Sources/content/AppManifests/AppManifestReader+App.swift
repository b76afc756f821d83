import Manifests

/// Composite apps: `kind = "app"`.
extension AppManifestReader {
    private static let siteKeys = ["assets", "routes", "spa", "clean_urls"]
    private static let functionKeys = [
        "entry", "routes", "strip_prefix", "vars", "limits", "compatibility_date", "cron", "bindings",
        "secrets",
        "build",
    ]

    mutating func app(_ table: TOMLTable, _ manifest: inout AppManifest) {
        let parts = ["site", "function", "machine", "origin"]
        for entry in table.entries where !["name", "kind"].contains(entry.key) && !parts.contains(entry.key) {
            let place = ["assets", "routes"].contains(entry.key) ? "[site] or [function]" : "[function]"
            note(entry.keyPosition, "\(entry.key) belongs to a part of the app; write it below \(place)")
        }
        if !parts.contains(where: { table[$0] != nil }) {
            note(
                AppManifestReader.start,
                "an app needs parts; write [site], [function], [machine] or [origin.NAME] and their keys below")
        }
        let hasSite = table["site"] != nil
        if let part = part(table["site"], "[site] and below it assets = \"public\"") {
            sitePart(part, table["site"]?.keyPosition ?? AppManifestReader.start, &manifest)
        }
        if let part = part(table["function"], "[function] and below it entry = \"main.js\"") {
            refuseUnknown(part, AppManifestReader.functionKeys, in: "[function]")
            function(part, &manifest, hasAssets: hasSite, hasMachine: table["machine"] != nil)
            manifest.stripsPrefix = flag(part["strip_prefix"]) ?? false
            checkPrefixes(part, manifest.routes, manifest.stripsPrefix)
            if part["routes"] == nil {
                if hasSite {
                    note(
                        table["function"]?.keyPosition ?? AppManifestReader.start,
                        "[function] does not say which paths are its own; write routes = [\"/api/*\"]")
                }
                manifest.routes = AppManifest.everything.map { [$0] } ?? []
            }
        }
        if let part = part(table["machine"], "[machine] and below it image = \"oci:FOLDER\"") {
            machinePart(part, table["machine"]?.keyPosition ?? AppManifestReader.start, &manifest)
        }
        for entry in entries(table["origin"], "tables with names: write [origin.NAME] and below it url = \"…\"") {
            originPart(entry, &manifest)
        }
        checkRoutes(table, manifest)
    }

    private mutating func part(_ entry: TOMLTable.Entry?, _ form: String) -> TOMLTable? {
        guard let entry else { return nil }
        guard case .table(let table) = entry.value.content else {
            note(entry.value.position, "\(entry.key) is \(entry.value.kindName), but must be a table: write \(form)")
            return nil
        }
        return table
    }

    private mutating func sitePart(_ table: TOMLTable, _ position: TOMLPosition, _ manifest: inout AppManifest) {
        refuseUnknown(table, AppManifestReader.siteKeys, in: "[site]")
        manifest.assets = path(table["assets"], "a folder")
        if table["assets"] == nil {
            note(position, "a site needs its files; write assets = \"public\" with the folder's name")
        }
        manifest.isSinglePage = flag(table["spa"]) ?? false
        manifest.hasCleanURLs = flag(table["clean_urls"]) ?? false
        manifest.siteRoutes = table["routes"].map { routes($0) } ?? AppManifest.everything.map { [$0] } ?? []
    }

    private mutating func machinePart(
        _ table: TOMLTable, _ position: TOMLPosition, _ manifest: inout AppManifest
    ) {
        let machine = machine(table, at: position, environment: table, besides: AppManifestReader.partKeys)
        manifest.machine = machine
        manifest.machineRoutes = routes(table["routes"])
        manifest.machineStripsPrefix = flag(table["strip_prefix"]) ?? false
        checkPrefixes(table, manifest.machineRoutes, manifest.machineStripsPrefix)
        let callers = manifest.bindings.filter { $0.target == .machine }
        guard machine.described.httpPort == nil, !manifest.machineRoutes.isEmpty || !callers.isEmpty else { return }
        note(
            table["routes"]?.keyPosition ?? position,
            "the machine has no port with HTTP that would answer; write [[machine.ports]] and below it port = 8080")
    }

    private mutating func originPart(_ entry: TOMLTable.Entry, _ manifest: inout AppManifest) {
        let place = "[origin.\(entry.key)]"
        guard case .table(let table) = entry.value.content else {
            note(
                entry.keyPosition,
                "in an app, origins have names: write [origin.NAME], for example [origin.img], and below it its keys")
            return
        }
        let taken = [AppManifest.sitePart, AppManifest.functionPart, AppManifest.machinePart]
        guard FunctionBinding.isLabel(entry.key), !taken.contains(entry.key) else {
            note(
                entry.keyPosition,
                "\"\(entry.key)\" cannot be an origin's name; use 1 to 63 lower-case letters, digits and inner hyphens, "
                    + "not site or function or machine")
            return
        }
        let source = origin(table, at: entry.keyPosition, place, besides: ["routes", "strip_prefix"])
        let routes = self.routes(table["routes"])
        if table["routes"] == nil {
            note(entry.keyPosition, "\(place) does not say which paths are its own; write routes = [\"/img/*\"]")
        }
        let strips = flag(table["strip_prefix"]) ?? false
        checkPrefixes(table, routes, strips)
        guard let source else { return }
        var origin = AppManifest.Origin(name: entry.key, manifest: source)
        origin.routes = routes
        origin.stripsPrefix = strips
        manifest.origins.append(origin)
        if manifest.origins.count == CompositeManifest.maxParts - 1 {
            note(entry.keyPosition, "there are too many origins; an app has at most \(CompositeManifest.maxParts - 2)")
        }
    }

    private mutating func checkPrefixes(_ table: TOMLTable, _ routes: [RoutePattern], _ strips: Bool) {
        guard strips, let entry = table["strip_prefix"], let pattern = routes.first(where: { $0.prefix == nil }) else {
            return
        }
        note(
            entry.value.position,
            "a prefix can be taken off only where the route ends with its only *, as in \"/img/*\", but one is "
                + "\"\(pattern)\"")
    }

    /// No two parts may answer the same pattern.
    private mutating func checkRoutes(_ table: TOMLTable, _ manifest: AppManifest) {
        var owners: [RoutePattern: String] = [:]
        func key(_ path: [String]) -> TOMLTable.Entry? {
            var current = table
            var found: TOMLTable.Entry?
            for name in path {
                guard let entry = current[name] else { break }
                found = entry
                guard case .table(let inner) = entry.value.content else { break }
                current = inner
            }
            return found
        }
        let parts =
            [
                (["site", "routes"], "[site]", manifest.siteRoutes),
                (["function", "routes"], "[function]", manifest.routes),
                (["machine", "routes"], "[machine]", manifest.machineRoutes),
            ]
            + manifest.origins.map { (["origin", $0.name, "routes"], "[origin.\($0.name)]", $0.routes) }
        var count = 0
        for (path, place, routes) in parts {
            count += routes.count
            let position = key(path)?.keyPosition ?? AppManifestReader.start
            for pattern in routes {
                guard let other = owners.updateValue(place, forKey: pattern) else { continue }
                note(
                    position,
                    other == place
                        ? "the route \"\(pattern)\" stands here twice"
                        : "the route \"\(pattern)\" of \(place) is also one of \(other); one path has one answer")
            }
        }
        if count > CompositeManifest.maxRoutes {
            note(
                AppManifestReader.start,
                "the app has \(count) routes; all parts together have at most \(CompositeManifest.maxRoutes)")
        }
    }
}
