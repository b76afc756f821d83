import AppManifests
import Bundling
import Foundation
import Functions
import Testing

private let esbuild = Esbuild.onPath()
private let needsEsbuild = ConditionTrait.enabled(
    if: esbuild != nil, "esbuild is not on PATH (apt-get install esbuild)")

@Suite("Bundling")
struct BundlerTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/skerry-bundle-\(UUID().uuidString)"

    private func write(_ files: [String: String]) throws {
        for (path, text) in files {
            let url = URL(fileURLWithPath: folder + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
    }

    private func bundle(
        _ entry: String, _ files: [String: String], build: AppManifest.Build = .init(), esbuild: Esbuild? = esbuild
    ) async throws -> AppBundle {
        try write(files)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await Bundler(folder: folder, build: build, esbuild: esbuild).bundle(entry: entry)
    }

    /// The problems of a bundle that must not come about.
    private func problems(_ entry: String, _ files: [String: String], esbuild: Esbuild? = esbuild) async -> [String] {
        do {
            _ = try await bundle(entry, files, esbuild: esbuild)
            return ["it was bundled"]
        } catch {
            return (error as? BundleError)?.problems.map(\.description) ?? ["\(error)"]
        }
    }

    @Test("A single file needs no tool, keeps its lines, and uses of missing globals are found")
    func single() async throws {
        let bundle = try await bundle(
            "hello.js",
            [
                "hello.js": """
                export default { fetch() { return new Response(process.env.X); } };
                const o = { process: 1, a: { Buffer: 2 }.Buffer };
                if (typeof window !== "undefined") window.x = 1;
                // require is only a word here
                const s = `${Buffer.from("x")}`;

                """
            ], esbuild: nil)
        #expect(bundle.exports == ["default"] && bundle.bundler.isEmpty && bundle.sourceMap == nil)
        #expect(bundle.inputs == ["hello.js"])
        let warnings = bundle.warnings.map(\.description)
        #expect(warnings.count == 2, "\(warnings)")
        #expect(warnings.first?.hasPrefix("hello.js:1:48: process does not exist here") == true)
        #expect(warnings.last?.hasPrefix("hello.js:5:14: Buffer does not exist here") == true)
    }

    @Test("Without the tool, what needs it says so", arguments: ["main.ts", "imports.js"])
    func noTool(_ entry: String) async {
        let files = ["main.ts": "export default {}", "imports.js": "import './a.js';\nexport default {};"]
        let found = await problems(entry, files, esbuild: nil)
        #expect(found.count == 1 && found[0].contains("esbuild"), "\(found)")
        if entry == "imports.js" { #expect(found[0].hasPrefix("imports.js:1:1: ")) }
    }

    @Test(
        "TypeScript in several files becomes one script with a map to all of them", needsEsbuild,
        arguments: [false, true])
    func typeScript(minify: Bool) async throws {
        var build = AppManifest.Build()
        build.minify = minify
        let bundle = try await bundle(
            "src/main.ts",
            [
                "src/main.ts": """
                import { fail } from "./lib/fail";
                import words from "../words.txt";

                export const main = 1;
                export default { fetch(): Response { fail(words as string); return new Response(); } };
                """,
                "src/lib/fail.ts": """
                // A comment.
                export function fail(text: string): never {
                  throw new Error(text);
                }
                """, "words.txt": "words",
            ], build: build)
        #expect(Set(bundle.exports) == ["default", "main"])
        #expect(bundle.bundler.hasPrefix("esbuild 0."))
        #expect(bundle.inputs == ["src/lib/fail.ts", "src/main.ts", "words.txt"])
        #expect(bundle.script.hasPrefix("(async function (__skimpmeta) { 'use strict';\n"))
        let lines = bundle.script.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains("new Error") || $0.contains("throw") })
        let column = try #require(lines[line].range(of: "throw"))
        let offset = lines[line].distance(from: lines[line].startIndex, to: column.lowerBound)
        #expect(bundle.stackMapper.rewrite("f@worker.js:\(line + 1):\(offset + 1)") == "f@src/lib/fail.ts:3:3")
        // What the worker evaluates has nothing of a module left.
        #expect(!bundle.script.contains("export {") && !bundle.script.contains("export{"))
    }

    @Test("JSX, and a CommonJS package", needsEsbuild)
    func packages() async throws {
        var build = AppManifest.Build()
        build.define = ["VERSION": "\"7\""]
        let bundle = try await bundle(
            "main.jsx",
            [
                "main.jsx": """
                import { double } from "doubler";
                const React = { createElement: (name, _, text) => `<${name}>${text}</${name}>` };
                export const main = () => ({ body: <b>{double(VERSION)}</b> });
                """, "node_modules/doubler/package.json": #"{"name":"doubler","main":"index.js"}"#,
                "node_modules/doubler/index.js": "module.exports = { double: (x) => x + x };",
            ], build: build)
        #expect(bundle.exports == ["main"])
        #expect(bundle.script.contains("double)(\"7\")"))
    }

    @Test("The texts of licences stay, and the exports are found before them", needsEsbuild, arguments: [false, true])
    func licences(minify: Bool) async throws {
        var build = AppManifest.Build()
        build.minify = minify
        let bundle = try await bundle(
            "main.js",
            [
                "main.js": """
                import { one } from "package";
                export default { fetch: () => new Response(one) };
                /*! at the end */
                """, "node_modules/package/package.json": #"{"name":"package","main":"index.js"}"#,
                "node_modules/package/index.js": "/** @license of the package */\nexports.one = 1;",
            ], build: build)
        #expect(bundle.exports == ["default"])
        #expect(bundle.script.contains("@license of the package") && bundle.script.contains("at the end"))
    }

    @Test("Of a package with several builds, the one without Node.js is taken", needsEsbuild)
    func builds() async throws {
        let node = #"import fs from "node:fs"; export const kind = fs;"#
        let bundle = try await bundle(
            "main.js",
            [
                "main.js": """
                import { kind as a } from "by-condition";
                import { kind as b } from "by-field";
                import { kind as c } from "by-map";
                export default { fetch: () => new Response(a + b + c) };
                """,
                "node_modules/by-condition/package.json":
                    #"{"name":"by-condition","exports":{"browser":"./browser.js","default":"./node.js"}}"#,
                "node_modules/by-condition/browser.js": "export const kind = 'condition';",
                "node_modules/by-condition/node.js": node,
                "node_modules/by-field/package.json":
                    #"{"name":"by-field","main":"node.js","browser":"browser.js"}"#,
                "node_modules/by-field/browser.js": "export const kind = 'field';",
                "node_modules/by-field/node.js": node,
                "node_modules/by-map/package.json":
                    #"{"name":"by-map","main":"index.js","browser":{"crypto":false}}"#,
                "node_modules/by-map/index.js": "require('crypto'); exports.kind = 'map';",
            ])
        for kind in ["condition", "field", "map"] { #expect(bundle.script.contains("\"\(kind)\"")) }
    }

    @Test("A CommonJS module as the entry, and code at the top that waits", needsEsbuild)
    func forms() async throws {
        let common = try await bundle(
            "main.cjs.ts", ["main.cjs.ts": "module.exports = { fetch() { return new Response('x'); } };"])
        #expect(common.exports == ["default"])
        let waiting = try await bundle(
            "main.ts", ["main.ts": "const x: number = await Promise.resolve(1);\nexport default { fetch: () => x };"])
        #expect(waiting.exports == ["default"] && waiting.script.contains("await Promise.resolve(1)"))
        let meta = try await bundle("meta.ts", ["meta.ts": "export default { fetch: () => import.meta.url };"])
        #expect(meta.exports == ["default"] && meta.script.contains("=> __skimpmeta.url"))
        #expect(meta.script.hasSuffix("url: \"file:///meta.ts\" })"))
    }

    @Test("Texts are imported as strings", needsEsbuild, arguments: ["html", "md", "sql", "txt"])
    func texts(_ ending: String) async throws {
        let bundle = try await bundle(
            "main.js",
            [
                "main.js": "import text from './a.\(ending)';\nexport const main = () => ({ body: text });",
                "a.\(ending)": "<b>SELECT</b>\n",
            ])
        #expect(bundle.script.contains(#""<b>SELECT</b>\n""#), "\(bundle.script)")
    }

    @Test("What is wrong is said with its place and what to do", needsEsbuild)
    func mistakes() async throws {
        let found = await problems(
            "src/main.ts",
            [
                "src/main.ts": """
                import fs from "node:fs";
                import path from "path";
                import left from "left-pad";
                import gone from "./gone";
                export default { fetch: () => [fs, path, left, gone] };
                """
            ])
        try #require(found.count == 4, "\(found)")
        #expect(found[0].hasPrefix("src/main.ts:1:16: \"node:fs\" is a part of Node.js"))
        #expect(found[1].hasPrefix("src/main.ts:2:18: \"path\" is a part of Node.js"))
        #expect(
            found[2].hasPrefix("src/main.ts:3:18: \"left-pad\" is not installed; run npm install left-pad"))
        #expect(found[3].hasPrefix("src/main.ts:4:18: \"./gone\" leads to no file"))
        let syntax = await problems("main.ts", ["main.ts": "export default {\n  fetch( { };\n"])
        #expect(syntax.first?.hasPrefix("main.ts:2:") == true, "\(syntax)")
        #expect(
            await problems("main.ts", ["main.ts": "export const x: number = 1;"]).first?.contains("exports no handler")
                == true)
        #expect(await problems("gone.ts", [:]).first?.contains("cannot be read") == true)
    }

    @Test("Missing globals in a bundle are shown in the sources", needsEsbuild)
    func warnings() async throws {
        let bundle = try await bundle(
            "main.ts",
            [
                "main.ts": "import { f } from './f';\nexport default { fetch: f };",
                "f.ts": "\nexport const f = () =>\n  Buffer.from('x');",
            ])
        #expect(
            bundle.warnings.map(\.description).first?.hasPrefix("f.ts:3:3: Buffer does not exist here: use Uint8Array")
                == true)
    }

    @Test("A script at the limit passes, and one byte more does not")
    func size() async throws {
        func source(_ count: Int) -> [String: String] {
            ["a.js": "export const main = () => '" + String(repeating: "x", count: count) + "';"]
        }
        let empty = try await bundle("a.js", source(0), esbuild: nil).script.utf8.count
        let limit = 4 << 20
        let fits = try await bundle("a.js", source(limit - empty), esbuild: nil)
        #expect(fits.script.utf8.count == limit)
        let found = await problems("a.js", source(limit - empty + 1), esbuild: nil)
        #expect(found.first?.contains("the limit is") == true)
    }
}
