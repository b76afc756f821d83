import Blake3
import Foundation
import Identity
import Wire

extension FunctionManifest {
    /// The canonical message: texts, bindings and files in order of their names.
    var message: ManifestPBFunction {
        var message = ManifestPBFunction()
        message.script = Data(script.digest.bytes)
        message.scriptByteCount = UInt64(scriptByteCount)
        message.sourceName = sourceName
        message.exports = exports
        message.vars = vars.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { name, value in
            var entry = ManifestPBVariable()
            entry.name = name
            entry.value = value
            return entry
        }
        message.bindings = FunctionManifest.ordered(bindings).map { binding in
            var entry = ManifestPBBinding()
            entry.name = binding.name
            entry.type = binding.type
            entry.target = binding.targetName
            return entry
        }
        message.assets = Manifest.entries(assets)
        if let rules = siteRules.message { message.rules = rules }
        message.routes = routes.map(\.description)
        message.cron = cron.map(\.description)
        message.compatibilityDate = compatibilityDate ?? ""
        // The default is not written, so that a release of before stays the same bytes.
        message.limits = limits == .standard ? "" : limits.rawValue
        message.bundler = bundler
        message.secrets = secrets.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if let sourceMap {
            message.sourceMap = Data(sourceMap.digest.bytes)
            message.sourceMapByteCount = UInt64(sourceMapByteCount)
        }
        return message
    }

    /// Checks every field: a node runs what this returns.
    init(_ message: ManifestPBFunction) throws {
        guard let digest = Digest(message.script), let byteCount = Int(exactly: message.scriptByteCount),
            byteCount <= ManifestLimits.maxCodeBytes, message.exports.count <= ManifestLimits.maxExports
        else { throw ManifestError(.malformed, "The function's manifest is malformed or its script is too large") }
        self.init(
            script: BlobID(digest), scriptByteCount: byteCount, sourceName: message.sourceName,
            exports: message.exports)
        vars = try FunctionManifest.vars(message.vars)
        bindings = try FunctionManifest.bindings(message.bindings, besides: vars)
        secrets = try FunctionManifest.secrets(message.secrets, besides: Set(vars.keys).union(bindings.map(\.name)))
        siteRules = message.hasRules ? try SiteRules(message.rules) : SiteRules()
        assets = try SiteManifest(files: try Manifest.files(message.assets), rules: siteRules).files
        routes = try FunctionManifest.list(message.routes, ManifestLimits.maxRoutes, "route") { RoutePattern($0) }
        cron = try FunctionManifest.list(message.cron, ManifestLimits.maxCron, "schedule") { try? CronExpression($0) }
        if !message.compatibilityDate.isEmpty {
            guard FunctionManifest.isDate(message.compatibilityDate) else {
                throw ManifestError(.malformed, "The function's compatibility date is no date")
            }
            compatibilityDate = message.compatibilityDate
        }
        guard let limits = message.limits.isEmpty ? .standard : LimitsClass(rawValue: message.limits) else {
            throw ManifestError(.malformed, "The function's limits are of a class that this version does not know")
        }
        self.limits = limits
        guard message.bundler.utf8.count <= ManifestLimits.maxNameBytes else {
            throw ManifestError(.tooLarge, "The function's bundler has a name that is too long")
        }
        bundler = message.bundler
        if !message.sourceMap.isEmpty {
            guard let digest = Digest(message.sourceMap), let byteCount = Int(exactly: message.sourceMapByteCount),
                byteCount <= ManifestLimits.maxSourceMapBytes
            else { throw ManifestError(.malformed, "The function's source map is malformed or too large") }
            sourceMap = BlobID(digest)
            sourceMapByteCount = byteCount
        }
    }

    static func vars(_ entries: [ManifestPBVariable]) throws -> [String: String] {
        var vars: [String: String] = [:]
        for entry in entries {
            guard FunctionBinding.isName(entry.name), vars.updateValue(entry.value, forKey: entry.name) == nil else {
                throw ManifestError(.malformed, "The function's text \"\(entry.name)\" is misnamed or repeated")
            }
        }
        if let problem = problem(withVars: vars) { throw ManifestError(.tooLarge, "The function has \(problem)") }
        return vars
    }

    /// Which limit texts in `env` break; nil if none.
    public static func problem(withVars vars: [String: String]) -> String? {
        if vars.count > ManifestLimits.maxVars { return "more than \(ManifestLimits.maxVars) texts in env" }
        var total = 0
        for (name, value) in vars {
            let count = value.utf8.count
            if count > ManifestLimits.maxVarBytes {
                return "the text \(name) of \(count) bytes; one has at most \(ManifestLimits.maxVarBytes)"
            }
            total += count + name.utf8.count
        }
        return total > ManifestLimits.maxVarsBytes
            ? "\(total) bytes of texts in env; all together have at most \(ManifestLimits.maxVarsBytes)" : nil
    }

    static func bindings(
        _ entries: [ManifestPBBinding], besides vars: [String: String]
    ) throws -> [FunctionBinding] {
        var names: Set<String> = []
        guard entries.count <= ManifestLimits.maxBindings else {
            throw ManifestError(.tooLarge, "The function has more than \(ManifestLimits.maxBindings) bindings")
        }
        let bindings = try entries.map { entry in
            guard let binding = FunctionBinding(name: entry.name, type: entry.type, targetName: entry.target),
                vars[entry.name] == nil, names.insert(entry.name).inserted
            else {
                throw ManifestError(
                    .malformed, "The function's binding \"\(entry.name)\" is malformed, repeated or of an unknown type")
            }
            return binding
        }
        return ordered(bindings)
    }

    static func ordered(_ bindings: [FunctionBinding]) -> [FunctionBinding] {
        bindings.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    static func secrets(_ names: [String], besides others: Set<String>) throws -> [String] {
        guard names.count <= ManifestLimits.maxSecrets else {
            throw ManifestError(.tooLarge, "The function names more than \(ManifestLimits.maxSecrets) secrets")
        }
        var known = others
        for name in names {
            guard FunctionBinding.isName(name), known.insert(name).inserted else {
                throw ManifestError(.malformed, "The function's secret \"\(name)\" is misnamed or repeated")
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    static func list<Item>(
        _ texts: [String], _ limit: Int, _ what: String, _ read: (String) -> Item?
    ) throws -> [Item] {
        guard texts.count <= limit else {
            throw ManifestError(.tooLarge, "The function has more than \(limit) of what is called a \(what)")
        }
        return try texts.map { text in
            guard let item = read(text) else {
                throw ManifestError(.malformed, "The function's \(what) \"\(text)\" cannot be read")
            }
            return item
        }
    }

    /// Whether a text is a day of the calendar, `yyyy-mm-dd`.
    public static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), (1...12).contains(month)
        else { return false }
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }
}
