import Manifests

/// Collects what a table says, and what is wrong with it.
struct AppManifestReader {
    private(set) var problems: [AppManifestError.Problem] = []
    /// The latest day that may be a compatibility date, such as `2026-11-01`.
    private let lastDay: String

    private static let keys = [
        "name", "kind", "entry", "routes", "vars", "limits", "compatibility_date", "cron", "assets",
        "bindings",
        "secrets", "build", "site", "function", "origin", "machine",
    ]
    static let start = TOMLPosition(line: 1, column: 1)

    init(lastDay: String) { self.lastDay = lastDay }

    mutating func manifest(_ table: TOMLTable) -> AppManifest? {
        refuseUnknown(table, AppManifestReader.keys, in: nil)
        let name = name(table["name"])
        let kind = choice(table["kind"], AppManifest.Kind.allCases.map(\.rawValue)).flatMap(AppManifest.Kind.init)
        if table["kind"] == nil {
            note(
                AppManifestReader.start,
                "kind is missing; write kind = \"site\", \"function\", \"origin\", \"machine\" or \"app\"")
        }
        guard let kind else {
            // What the other keys mean depends on it.
            return nil
        }
        var manifest = AppManifest(name: name ?? "", kind: kind)
        switch kind {
        case .site:
            manifest.assets = path(table["assets"], "a folder")
            siteTable(table["site"], hasAssets: table["assets"] != nil, &manifest)
            site(table)
        case .function:
            manifest.assets = path(table["assets"], "a folder")
            siteTable(table["site"], hasAssets: table["assets"] != nil, &manifest)
            refuseParts(table)
            function(table, &manifest, hasAssets: table["assets"] != nil)
        case .origin: origin(table, &manifest)
        case .app: app(table, &manifest)
        case .machine: machine(table, &manifest)
        }
        if kind != .machine, kind != .app, let entry = table["machine"] {
            note(
                entry.keyPosition,
                "[machine] describes a container; leave it out, or write kind = \"machine\" or \"app\""
            )
        }
        return manifest
    }

    private mutating func name(_ entry: TOMLTable.Entry?) -> String? {
        guard let entry else {
            note(
                AppManifestReader.start,
                "name is missing; write name = \"…\", 1 to 63 lower-case letters, digits, hyphens")
            return nil
        }
        guard let name = text(entry) else { return nil }
        guard FunctionBinding.isLabel(name) else {
            note(
                entry.value.position,
                "\"\(name)\" cannot be a name; use 1 to 63 lower-case letters, digits and inner hyphens")
            return nil
        }
        return name
    }

    private mutating func site(_ table: TOMLTable) {
        if table["assets"] == nil {
            note(AppManifestReader.start, "a site needs its files; write assets = \"public\" with the folder's name")
        }
        for key in ["entry", "routes", "vars", "limits", "compatibility_date", "cron", "bindings", "secrets", "build"] {
            guard let entry = table[key] else { continue }
            note(entry.keyPosition, "\(key) belongs to functions; leave it out, or write kind = \"function\"")
        }
        refuseParts(table)
    }

    /// What only composite apps have.
    private mutating func refuseParts(_ table: TOMLTable) {
        for key in ["function", "origin"] {
            guard let entry = table[key] else { continue }
            note(
                entry.keyPosition,
                "[\(key)] belongs to apps of several parts; leave it out, or write kind = \"app\" and [site], [function] "
                    + "and [origin.NAME]")
        }
    }

    /// An app whose content comes from one origin.
    private mutating func origin(_ table: TOMLTable, _ manifest: inout AppManifest) {
        for entry in table.entries where !["name", "kind", "origin"].contains(entry.key) {
            note(entry.keyPosition, "\(entry.key) does not belong to origins; leave it out, or write kind = \"app\"")
        }
        guard let entry = table["origin"] else {
            note(
                AppManifestReader.start, "an origin needs its source; write [origin] and below it url = \"https://…\"")
            return
        }
        guard case .table(let inner) = entry.value.content else {
            note(entry.keyPosition, "origin is a table: write [origin] and below it url = \"https://…\"")
            return
        }
        guard let source = origin(inner, at: entry.keyPosition, "[origin]") else { return }
        manifest.origins = [AppManifest.Origin(name: "origin", manifest: source)]
    }

    /// What `[site]` says about the files.
    private mutating func siteTable(_ entry: TOMLTable.Entry?, hasAssets: Bool, _ manifest: inout AppManifest) {
        guard let entry else { return }
        guard case .table(let table) = entry.value.content else {
            note(entry.keyPosition, "site is a table: write [site] and its keys below it")
            return
        }
        if !hasAssets {
            note(entry.keyPosition, "[site] is about files; write assets = \"public\" with the folder's name")
        }
        refuseUnknown(table, ["spa", "clean_urls"], in: "[site]")
        manifest.isSinglePage = flag(table["spa"]) ?? false
        manifest.hasCleanURLs = flag(table["clean_urls"]) ?? false
    }

    mutating func function(
        _ table: TOMLTable, _ manifest: inout AppManifest, hasAssets: Bool, hasMachine: Bool = false
    ) {
        if table["entry"] == nil {
            note(AppManifestReader.start, "a function needs its module; write entry = \"main.js\" with the file's name")
        }
        manifest.entry = path(table["entry"], "a file")
        manifest.routes = routes(table["routes"])
        manifest.limits =
            choice(table["limits"], LimitsClass.allCases.map(\.rawValue)).flatMap(LimitsClass.init) ?? .standard
        manifest.compatibilityDate = date(table["compatibility_date"])
        manifest.cron = cron(table["cron"])
        manifest.vars = vars(table["vars"])
        manifest.bindings = bindings(
            table["bindings"], besides: table["vars"], hasAssets: hasAssets, hasMachine: hasMachine)
        manifest.secrets = secrets(table["secrets"], besides: manifest.bindings, table["vars"])
        manifest.build = build(table["build"])
    }

    // MARK: Keys of functions

    mutating func routes(_ entry: TOMLTable.Entry?) -> [RoutePattern] {
        list(entry, ManifestLimits.maxRoutes, "a list of paths such as [\"/api/*\"]").compactMap { text, position in
            if let problem = RoutePattern.problem(with: text) {
                note(position, "\"\(text)\": \(problem)")
                return nil
            }
            return RoutePattern(text)
        }
    }

    private mutating func cron(_ entry: TOMLTable.Entry?) -> [CronExpression] {
        var expressions: [CronExpression] = []
        for (text, position) in list(entry, ManifestLimits.maxCron, "a list of schedules such as [\"*/5 * * * *\"]") {
            do { expressions.append(try CronExpression(text)) } catch { note(position, error.message) }
        }
        return expressions
    }

    private mutating func date(_ entry: TOMLTable.Entry?) -> String? {
        guard let entry else { return nil }
        switch entry.value.content {
        case .string(let text) where FunctionManifest.isDate(text), .date(let text) where FunctionManifest.isDate(text):
            if text <= lastDay { return text }
            note(
                entry.value.position,
                "compatibility_date lies in the future; write the day on which you last tried the app, today at the latest"
            )
            return nil
        default:
            note(entry.value.position, "compatibility_date is a day such as \"2026-11-01\"")
            return nil
        }
    }

    mutating func vars(_ entry: TOMLTable.Entry?) -> [String: String] {
        var vars: [String: String] = [:]
        for item in entries(entry, "a table: write [vars] and below it NAME = \"text\"") {
            guard checkName(item) else { continue }
            guard case .string(let value) = item.value.content else {
                note(
                    item.value.position, "\(item.key) is \(item.value.kindName), but texts only go into env; use quotes"
                )
                continue
            }
            vars[item.key] = value
        }
        if let entry, let problem = FunctionManifest.problem(withVars: vars) {
            note(entry.keyPosition, "there is \(problem)")
        }
        return vars
    }

    private mutating func checkName(_ item: TOMLTable.Entry) -> Bool {
        if FunctionBinding.isName(item.key) { return true }
        note(
            item.keyPosition,
            FunctionBinding.reservedNames.contains(item.key)
                ? "env.\(item.key) is made by the runtime; choose another name"
                : "\"\(item.key)\" cannot be a name in env; use letters, digits and underscores, no digit first")
        return false
    }

    mutating func bindings(
        _ entry: TOMLTable.Entry?, besides vars: TOMLTable.Entry?, hasAssets: Bool, hasMachine: Bool = false
    ) -> [FunctionBinding] {
        guard let entry else { return [] }
        guard case .array(let values) = entry.value.content else {
            note(entry.keyPosition, "bindings are written [[bindings]], once for each, with name and type below it")
            return []
        }
        if values.count > ManifestLimits.maxBindings {
            note(
                entry.keyPosition,
                "there are \(values.count) bindings; at most \(ManifestLimits.maxBindings) are allowed")
        }
        var known: [String: TOMLPosition] = [:]
        if case .table(let table)? = vars?.value.content {
            for item in table.entries { known[item.key] = item.keyPosition }
        }
        return values.compactMap { value in
            guard case .table(let table) = value.content else {
                note(value.position, "a binding is a table with name and type; write [[bindings]]")
                return nil
            }
            guard let binding = binding(table, at: value.position, hasAssets: hasAssets, hasMachine: hasMachine) else {
                return nil
            }
            if let first = known.updateValue(value.position, forKey: binding.name) {
                note(
                    table["name"]?.value.position ?? value.position,
                    "env.\(binding.name) is given twice, first in line \(first.line)")
                return nil
            }
            return binding
        }
    }

    private mutating func binding(
        _ table: TOMLTable, at position: TOMLPosition, hasAssets: Bool, hasMachine: Bool
    ) -> FunctionBinding? {
        guard let type = table["type"], let kind = choice(type, ["assets", "kv", "service", "machine"]) else {
            if table["type"] == nil {
                note(position, "the binding has no type; write type = \"assets\", \"kv\", \"service\" or \"machine\"")
            }
            return nil
        }
        let target = ["kv": "namespace", "service": "service"][kind]
        refuseUnknown(table, ["name", "type"] + (target.map { [$0] } ?? []), in: "a binding of type \"\(kind)\"")
        guard let nameEntry = table["name"] else {
            let example = kind.uppercased()
            note(position, "the binding has no name; write name = \"\(example)\", which makes it env.\(example)")
            return nil
        }
        guard let name = text(nameEntry) else { return nil }
        guard FunctionBinding.isName(name) else {
            note(
                nameEntry.value.position,
                "\"\(name)\" cannot be a name in env; use letters, digits and underscores, no digit first, not NODE")
            return nil
        }
        guard let target else {
            if kind == "machine" {
                guard hasMachine else {
                    note(
                        type.value.position,
                        "the app has no machine; write kind = \"app\" and [machine], or type = \"service\" and service = "
                            + "\"…\" with the name of the machine's app")
                    return nil
                }
                return FunctionBinding(name: name, target: .machine)
            }
            guard hasAssets else {
                note(type.value.position, "the app has no assets; write assets = \"public\" with the folder's name")
                return nil
            }
            return FunctionBinding(name: name, target: .assets)
        }
        guard let entry = table[target] else {
            note(position, "the binding \(name) does not say which; write \(target) = \"…\"")
            return nil
        }
        guard let label = text(entry) else { return nil }
        guard FunctionBinding.isLabel(label) else {
            note(
                entry.value.position,
                "\"\(label)\" is no name; use 1 to 63 lower-case letters, digits and inner hyphens")
            return nil
        }
        return FunctionBinding(name: name, target: kind == "kv" ? .kv(namespace: label) : .service(label))
    }

    mutating func secrets(
        _ entry: TOMLTable.Entry?, besides bindings: [FunctionBinding], _ vars: TOMLTable.Entry?
    ) -> [String] {
        var known = Set(bindings.map(\.name))
        if case .table(let table)? = vars?.value.content { known.formUnion(table.entries.map(\.key)) }
        var secrets: [String] = []
        for (name, position) in list(entry, ManifestLimits.maxSecrets, "a list of names such as [\"API_KEY\"]") {
            guard FunctionBinding.isName(name) else {
                // What stands here may be the secret itself, so it is not repeated.
                note(
                    position,
                    "this cannot be a name in env; use letters, digits and underscores, no digit first, not NODE. Values "
                        + "are given by `skerry secrets put`, never here")
                continue
            }
            guard known.insert(name).inserted else {
                note(position, "env.\(name) is given twice")
                continue
            }
            secrets.append(name)
        }
        return secrets
    }

    private mutating func build(_ entry: TOMLTable.Entry?) -> AppManifest.Build {
        var build = AppManifest.Build()
        guard let entry, case .table(let table) = entry.value.content else {
            if let entry { note(entry.keyPosition, "build is a table: write [build] and its keys below it") }
            return build
        }
        refuseUnknown(
            table, ["minify", "source_maps", "jsx", "jsx_import_source", "define", "alias"], in: "[build]")
        build.minify = flag(table["minify"]) ?? build.minify
        build.sourceMaps = flag(table["source_maps"]) ?? build.sourceMaps
        build.jsx = choice(table["jsx"], ["transform", "automatic"])
        if let source = table["jsx_import_source"] { build.jsxImportSource = text(source) }
        for item in entries(table["define"], "a table of expressions in quotes") {
            if let value = text(item) { build.define[item.key] = value }
        }
        for item in entries(table["alias"], "a table of packages in quotes") {
            if let value = text(item) { build.alias[item.key] = value }
        }
        return build
    }

    // MARK: Values

    mutating func note(_ position: TOMLPosition, _ message: String) {
        problems.append(.init(position: position, message: message))
    }

    mutating func text(_ entry: TOMLTable.Entry) -> String? {
        guard case .string(let text) = entry.value.content else {
            note(entry.value.position, "\(entry.key) is \(entry.value.kindName), but must be text in quotes")
            return nil
        }
        guard !text.isEmpty else {
            note(entry.value.position, "\(entry.key) is empty")
            return nil
        }
        return text
    }

    mutating func flag(_ entry: TOMLTable.Entry?) -> Bool? {
        guard let entry else { return nil }
        guard case .boolean(let flag) = entry.value.content else {
            note(
                entry.value.position,
                "\(entry.key) is \(entry.value.kindName), but must be true or false, without quotes")
            return nil
        }
        return flag
    }

    mutating func choice(_ entry: TOMLTable.Entry?, _ choices: [String]) -> String? {
        guard let entry, let text = text(entry) else { return nil }
        if choices.contains(text) { return text }
        let all = choices.map { "\"\($0)\"" }.joined(separator: ", ")
        note(
            entry.value.position,
            "\(entry.key) cannot be \"\(text)\"; it is one of \(all)" + Suggestion.phrase(for: text, among: choices))
        return nil
    }

    /// A path inside the app's folder.
    mutating func path(_ entry: TOMLTable.Entry?, _ what: String) -> String? {
        guard let entry, var path = text(entry) else { return nil }
        while path.hasPrefix("./") { path.removeFirst(2) }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if path == "." || path.isEmpty {
            note(entry.value.position, "\(entry.key) is the app's own folder; name \(what) inside it")
            return nil
        }
        if let problem = SiteManifest.problem(withPath: path) {
            note(
                entry.value.position,
                "\(entry.key) is \(what) inside the app's folder, but \"\(path)\" \(problem)")
            return nil
        }
        return path
    }

    mutating func list(
        _ entry: TOMLTable.Entry?, _ limit: Int, _ form: String
    ) -> [(String, TOMLPosition)] {
        guard let entry else { return [] }
        guard case .array(let values) = entry.value.content else {
            note(entry.value.position, "\(entry.key) is \(entry.value.kindName), but must be \(form)")
            return []
        }
        if values.count > limit {
            note(entry.keyPosition, "\(entry.key) has \(values.count) values; at most \(limit) are allowed")
        }
        return values.compactMap { value in
            guard case .string(let text) = value.content else {
                note(value.position, "here stands \(value.kindName), but \(entry.key) is \(form)")
                return nil
            }
            return (text, value.position)
        }
    }

    mutating func entries(_ entry: TOMLTable.Entry?, _ form: String) -> [TOMLTable.Entry] {
        guard let entry else { return [] }
        guard case .table(let table) = entry.value.content else {
            note(entry.value.position, "\(entry.key) is \(entry.value.kindName), but must be \(form)")
            return []
        }
        return table.entries
    }

    mutating func refuseUnknown(_ table: TOMLTable, _ known: [String], in place: String?) {
        for entry in table.entries where !known.contains(entry.key) {
            let guess = Suggestion.phrase(for: entry.key, among: known)
            let all = guess.isEmpty ? "; known are \(known.joined(separator: ", "))" : guess
            note(entry.keyPosition, "\(place ?? "skerry.toml") has no key \"\(entry.key)\"\(all)")
        }
    }
}
