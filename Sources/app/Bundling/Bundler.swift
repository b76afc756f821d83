public import AppManifests
import Foundation
import Functions
import Manifests

/// Makes one script of an app's code: a single JavaScript file by itself, everything else with `esbuild`. A WebAssembly
/// program is taken as it is.
public struct Bundler: Sendable {
    /// What the code is told about where it runs, as `process.env.NODE_ENV`.
    public enum Mode: String, Sendable {
        case production
        case development
    }

    /// Files that are imported as texts.
    private static let textEndings = [".html", ".md", ".sql", ".txt"]

    private let folder: String
    private let build: AppManifest.Build
    private let mode: Mode
    private let esbuild: Esbuild?

    /// - Parameters:
    ///   - folder: The app's folder.
    ///   - esbuild: Nil if the tool is absent; then only single files can be used.
    public init(
        folder: String, build: AppManifest.Build = .init(), mode: Mode = .production, esbuild: Esbuild? = .onPath()
    ) {
        self.folder = URL(fileURLWithPath: folder).standardizedFileURL.resolvingSymlinksInPath().path
        self.build = build
        self.mode = mode
        self.esbuild = esbuild
    }

    /// - Parameters:
    ///   - entry: The first module, relative to the folder.
    ///   - files: Where the app's files are, by their paths; a program gets them with its code, a script does not.
    /// - Throws: ``BundleError`` with every place that is wrong.
    public func bundle(entry: String, files: [String: String] = [:]) async throws -> AppBundle {
        guard let bytes = FileManager.default.contents(atPath: folder + "/" + entry) else {
            throw BundleError(
                entry.hasSuffix(ProgramBundle.suffix)
                    ? "cannot be read; build the program first, or name its module with entry in skerry.toml"
                    : "cannot be read; name the function's first module with entry in skerry.toml", file: entry)
        }
        if ProgramBundle.concerns(entry, bytes) {
            return try ProgramBundle.make(bytes, entry, files: files, hasBuild: build != AppManifest.Build())
        }
        guard let source = String(data: bytes, encoding: .utf8) else {
            throw BundleError("is not UTF-8 text", file: entry)
        }
        var bundle: AppBundle
        if let single = try single(source, entry) {
            bundle = single
        } else {
            guard let esbuild else {
                throw BundleError(
                    "TypeScript, JSX and imports need the bundler esbuild, which is not on PATH; install it "
                        + "(Debian: apt-get install esbuild) or write one JavaScript file without imports", file: entry)
            }
            bundle = try await bundled(entry, esbuild)
        }
        guard bundle.script.utf8.count <= ManifestLimits.maxScriptBytes else {
            throw BundleError(
                "the script has \(bundle.script.utf8.count) bytes; the limit is \(ManifestLimits.maxScriptBytes). "
                    + "Write minify = true below [build], or leave packages out", file: entry)
        }
        guard !Set(bundle.exports).isDisjoint(with: ["default", "main", "fetch"]) else {
            throw BundleError(
                "exports no handler; write `export default { async fetch(request, env, ctx) { … } }` or "
                    + "`export const main = async (params) => ({ status, headers, body })`", file: entry)
        }
        return bundle
    }

    /// A file that needs no tool; nil for one that does.
    private func single(_ source: String, _ entry: String) throws -> AppBundle? {
        guard entry.hasSuffix(".js") || entry.hasSuffix(".mjs"), !build.minify, build.define.isEmpty else { return nil }
        let module: ModuleScript
        do { module = try ModuleScript(module: source, fileName: entry) } catch {
            // What the tokenizer cannot make out, or imports: the bundler knows better, if there is one.
            if esbuild != nil { return nil }
            throw BundleError([Diagnostic(place: error.message)])
        }
        if module.importsLater, esbuild != nil { return nil }
        return AppBundle(
            script: module.script, exports: module.exports, sourceName: entry, sourceMap: nil, bundler: "",
            inputs: [entry], warnings: Bundler.warnings(source, entry, map: nil))
    }

    private func bundled(_ entry: String, _ esbuild: Esbuild) async throws -> AppBundle {
        let output = try await esbuild.run(arguments(entry), in: folder)
        guard output.status == 0 else { throw BundleError(EsbuildMessages.problems(output.errors, entry: entry)) }
        let (code, map) = try BundleScript.split(output.output, entry: entry)
        let module = try BundleScript(code, entry: entry)
        let settled = map.flatMap { BundleScript.settled($0, from: output.folder, to: folder) }
        var warnings = EsbuildMessages.warnings(output.errors)
        warnings += Bundler.warnings(code, entry, map: settled.flatMap { try? SourceMap($0) })
        return AppBundle(
            script: module.script, exports: module.exports, sourceName: entry,
            sourceMap: build.sourceMaps ? settled : nil, bundler: await esbuild.version,
            inputs: EsbuildMessages.inputs(output.metafile) ?? [entry], warnings: warnings)
    }

    private func arguments(_ entry: String) throws -> [String] {
        var arguments = [
            // Of packages with several builds, one for workers or for browsers needs nothing of Node.js.
            "./" + entry, "--bundle", "--format=esm", "--platform=browser", "--conditions=worker",
            "--target=es2022", "--charset=utf8", "--color=false", "--log-level=warning",
            "--log-limit=20", "--sourcemap=inline", "--sources-content=false", "--loader:.wasm=binary",
            // At the end of the file, as by default, they would stand behind the exports.
            "--legal-comments=inline",
        ]
        arguments += Bundler.textEndings.map { "--loader:\($0)=text" }
        if build.minify { arguments.append("--minify") }
        if let jsx = build.jsx { arguments.append("--jsx=\(jsx)") }
        if let source = build.jsxImportSource { arguments.append("--jsx-import-source=\(source)") }
        let define = ["process.env.NODE_ENV": "\"\(mode.rawValue)\"", "import.meta": ModuleScript.meta]
            .merging(build.define) { $1 }
        for (name, value) in define.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "_$.".contains($0) }) else {
                throw BundleError("define: \"\(name)\" is no global name such as VERSION or process.env.MODE")
            }
            arguments.append("--define:\(name)=\(value)")
        }
        for (name, value) in build.alias.sorted(by: { $0.key < $1.key }) {
            guard !name.contains("=") else { throw BundleError("alias: \"\(name)\" is no package's name") }
            arguments.append("--alias:\(name)=\(value)")
        }
        return arguments
    }

    private static func warnings(_ code: String, _ entry: String, map: SourceMap?) -> [Diagnostic] {
        MissingGlobals.uses(in: code).map { use in
            let message = "\(use.name) does not exist here: \(use.advice)"
            // The map is that of the script, which begins a line earlier than its code.
            if let place = map?.original(line: use.line + 1, column: use.column) {
                return Diagnostic(file: place.source, line: place.line, column: place.column, message: message)
            }
            return Diagnostic(file: entry, line: use.line, column: use.column, message: message)
        }
    }
}

extension Diagnostic {
    /// Reads a text of the form `file:line:column: message`.
    init(place text: String) {
        let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let line = Int(parts[1]), let column = Int(parts[2]) else {
            self.init(file: "", line: 0, column: 0, message: text)
            return
        }
        let message = parts[3].trimmingCharacters(in: .whitespaces)
        self.init(file: String(parts[0]), line: line, column: column, message: message)
    }
}
