import Foundation
import Functions
import Testing

@Suite struct ModuleScriptTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var module: String
        var exports: [String]
        var testDescription: String { module }
        init(_ module: String, _ exports: [String]) {
            self.module = module
            self.exports = exports
        }
    }

    static let cases = [
        Case("export default { fetch }; function fetch() {}", ["default"]),
        Case("export default function () {}\n(1)", ["default"]),
        Case("export default async function* named() {}", ["default"]),
        Case("export default class extends Object {}", ["default"]),
        Case("export default async () => {}", ["default"]),
        Case("export const a = 1, b = a / 2, { c, d: [e, ...f], g = { h: 1 } } = {}", ["a", "b", "c", "e", "f", "g"]),
        Case("export let x\nexport var y = x\nfoo(1, 2)", ["x", "y"]),
        Case(
            "export const re = /[/}{]/g, next = `}${ `{${re}` }{`\nexport { re as 'odd name' };",
            ["re", "next", "odd name"]),
        Case("const a = 1; export { a, a as default, };", ["a", "default"]),
        Case("export async function main() { return `export default` }", ["main"]),
        Case("// export const no = 1\n/* export default 1 */ 'export default 2'; export class K {}", ["K"]),
        Case("const o = { export: 1, import: 2 }; o.export; o\n.export; export const z = o.import", ["z"]),
        Case("if (1) /export default/.test(''); const q = 4 / 2 / 1; export { q }", ["q"]),
        Case("let i = 0; i++ / 2; export const f = (a, b) => ({ a, b })\nexport const g = f(1, 2)", ["f", "g"]),
        Case("export const t = true ? { a: 1 } / 2 : { b: 2 } / 3, u = 1", ["t", "u"]),
        Case("#!/usr/bin/env node\nexport default 1", ["default"]),
        Case("const m = import('x'); const u = import.meta; export { u }", ["u"]),
        Case("export {}", []),
    ]

    @Test(arguments: cases) func exportsAreFound(_ item: Case) throws {
        let script = try ModuleScript(module: item.module, fileName: "w.js")
        #expect(script.exports == item.exports)
        let lines = item.module.split(separator: "\n", omittingEmptySubsequences: false).count
        #expect(script.script.split(separator: "\n", omittingEmptySubsequences: false).count == lines + 2)
    }

    @Test(arguments: [
        "MARK; export default 1", "export default { fetch() { MARK } }", "export default  /* ü */  MARK",
        "export default function () { MARK }", "export default async function* () { MARK }",
        "export default function named() { MARK }", "export default class extends MARK {}", "export const a = MARK",
        "let a; export { a,\n a as b }; MARK", "let a; export { a }; MARK", "\nexport\n  default MARK",
        "export /* ü\n é */ default MARK", "export /* ü */ default MARK",
        "#!/bin/x\nMARK", "export let x, y = MARK;",
    ])
    func columnsStay(_ module: String) throws {
        func place(_ text: String) throws -> (line: Int, column: Int) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let line = try #require(lines.firstIndex { $0.contains("MARK") })
            let start = try #require(lines[line].range(of: "MARK")).lowerBound
            return (line, lines[line].utf16.distance(from: lines[line].startIndex, to: start))
        }
        var found = try place(ModuleScript(module: module, fileName: "w.js").script)
        if found.line == 0 { found.column -= ModuleScript.firstLineShift }
        #expect(try found == place(module))
    }

    @Test("import.meta is a name of the script, and nothing else is taken for it") func meta() throws {
        let module = "const u = import.meta.url, o = { import: { meta: 1 } }; export default `${import.meta}`;"
        let script = try ModuleScript(module: module + " o.import.meta; 'import.meta'", fileName: "a b.js").script
        #expect(script.contains("const u = __skimpmeta.url") && script.contains("`${__skimpmeta}`"))
        #expect(script.contains("o.import.meta; 'import.meta'"))
        #expect(script.hasSuffix(#"}).call(undefined, { __proto__: null, url: "file:///a b.js" })"#))
    }

    @Test(arguments: [
        ("import x from 'y'", "w.js:1:1:"), ("let a = 1;\n  import 'y'", "w.js:2:3:"),
        ("export * from './z.js'", "w.js:1:1:"), ("\nexport { a } from 'b'", "w.js:2:1:"),
        ("export default {", "w.js:1:17:"), ("let a = 'x", "w.js:1:9:"), ("`${1", "w.js:1:5:"), ("a = /x", "w.js:1:5:"),
        ("/* x", "w.js:1:1:"), ("export function () {}", "w.js:1:1:"), ("(]", "w.js:1:2:"),
        ("export let", "w.js:1:11:"), ("export {", "w.js:1:9:"), ("export", "w.js:1:1:"),
        ("export let {", "w.js:1:13:"),
    ])
    func errorsSayWhere(_ module: String, _ place: String) {
        let error = #expect(throws: FunctionError.self) { try ModuleScript(module: module, fileName: "w.js") }
        #expect(error?.code == .badModule)
        #expect(error?.message.hasPrefix(place) == true, "\(error?.message ?? "")")
    }

    @Test func anyPrefixOfAModuleIsHarmless() {
        let module = "export const a = `x${ { b: /[/]/ } }`, { c = [1], ...d } = e ? f : { g }; export { a as 'h' }"
        for length in 0...module.count {
            _ = try? ModuleScript(module: String(module.prefix(length)), fileName: "w.js")
            _ = try? ModuleScript(module: String(module.dropFirst(length)), fileName: "w.js")
        }
    }
}
