import AppManifests
import Foundation
import Manifests
import Testing

@Suite("App manifests")
struct AppManifestTests {
    @Test("A whole manifest")
    func whole() throws {
        let manifest = try AppManifest(
            parsing: """
                name = "shop"
                kind = "function"
                entry = "./src/main.ts"
                routes = ["/api/*", "/hook"]
                limits = "small"
                compatibility_date = 2026-11-01
                cron = ["*/5 * * * *", "0 3 * * mon"]
                assets = "public/"
                secrets = ["TOKEN", "API_KEY"]

                [vars]
                GREETING = "Hello"

                [[bindings]]
                name = "STORE"
                type = "kv"
                namespace = "carts"

                [[bindings]]
                name = "ASSETS"
                type = "assets"

                [[bindings]]
                name = "API"
                type = "service"
                service = "other-app"

                [build]
                minify = true
                source_maps = false
                jsx = "automatic"
                jsx_import_source = "preact"
                define = { VERSION = '"1"' }
                alias = { react = "preact/compat" }
                """, now: AppManifestTests.now)
        #expect(manifest.name == "shop" && manifest.kind == .function && manifest.entry == "src/main.ts")
        #expect(manifest.routes.map(\.description) == ["/api/*", "/hook"])
        #expect(manifest.limits == .small && manifest.compatibilityDate == "2026-11-01")
        #expect(manifest.cron.map(\.description) == ["*/5 * * * *", "0 3 * * mon"])
        #expect(manifest.secrets == ["TOKEN", "API_KEY"])
        #expect(manifest.assets == "public" && manifest.vars == ["GREETING": "Hello"])
        #expect(
            manifest.bindings == [
                FunctionBinding(name: "STORE", target: .kv(namespace: "carts")),
                FunctionBinding(name: "ASSETS", target: .assets),
                FunctionBinding(name: "API", target: .service("other-app")),
            ])
        #expect(manifest.build.minify && !manifest.build.sourceMaps && manifest.build.jsx == "automatic")
        #expect(manifest.build.define == ["VERSION": "\"1\""] && manifest.build.alias == ["react": "preact/compat"])
        let site = try AppManifest(parsing: "name = \"s\"\nkind = \"site\"\nassets = \"out\"\n")
        #expect(site.kind == .site && site.assets == "out" && site.entry == nil)
        #expect(!site.isSinglePage && !site.hasCleanURLs)
        let text = "name = \"s\"\nkind = \"site\"\nassets = \"out\"\n[site]\nspa = true\nclean_urls = true\n"
        let page = try AppManifest(parsing: text)
        #expect(page.isSinglePage && page.hasCleanURLs)
        let function = AppManifestTests.head + "[site]\nspa = true\nzz = 1\n"
        let error = #expect(throws: AppManifestError.self) { try AppManifest(parsing: function) }
        #expect(error?.problems.map(\.position.line) == [4, 6], "the function has no files, and there is no such key")
    }

    /// 2026-10-31, shortly before midnight in UTC: elsewhere it is the next day.
    private static let now = Date(timeIntervalSince1970: 1_793_490_000)

    @Test("A compatibility date is no later than today")
    func futureDates() throws {
        func manifest(_ day: String) throws -> AppManifest {
            try AppManifest(
                parsing: AppManifestTests.head + "compatibility_date = \"\(day)\"", now: AppManifestTests.now)
        }
        #expect(try manifest("2020-02-29").compatibilityDate == "2020-02-29")
        #expect(try manifest("2026-11-01").compatibilityDate == "2026-11-01")
        for day in ["2026-11-02", "2027-01-01", "9999-12-31"] {
            let error = #expect(throws: AppManifestError.self) { try manifest(day) }
            #expect(error?.problems.map(\.position.description) == ["4:22"])
            #expect(error?.description.contains("in the future") == true)
        }
    }

    private static let head = "name = \"a\"\nkind = \"function\"\nentry = \"main.js\"\n"

    @Test(
        "Every mistake is said where it is, with what to write",
        arguments: [
            ("kind = \"site\"\nassets = \"x\"", "1:1", "name is missing"),
            ("name = \"a\"", "1:1", "kind is missing"),
            ("name = \"a\"\nkind = \"fuction\"", "2:8", "did you mean \"function\"?"),
            ("name = \"a\"\nkind = \"function\"", "1:1", "write entry"),
            ("name = \"a\"\nkind = \"site\"", "1:1", "write assets"),
            ("name = \"A_b\"\nkind = \"site\"\nassets = \"x\"", "1:8", "cannot be a name"),
            ("name = 5\nkind = \"site\"\nassets = \"x\"", "1:8", "is a whole number, but must be text"),
            ("name = \"a\"\nkind = \"site\"\nassets = \"x\"\nentry = \"y\"", "4:1", "belongs to functions"),
            (head + "rotes = []", "4:1", "did you mean \"routes\"?"),
            (head + "zzz = 1", "4:1", "known are name"),
            (head + "routes = [\"api\"]", "4:11", "begins with /"),
            (head + "routes = [\"/a\", \"/*b\"]", "4:17", "* stands alone"),
            (head + "routes = \"/a\"", "4:10", "must be a list of paths"),
            (head + "routes = [1]", "4:11", "here stands a whole number"),
            (head + "limits = \"lage\"", "4:10", "did you mean \"large\"?"),
            (head + "compatibility_date = \"2026-02-30\"", "4:22", "is a day such as"),
            (head + "cron = [\"* * * *\"]", "4:9", "five fields"),
            (head + "cron = [\"61 * * * *\"]", "4:9", "0 to 59, not \"61\""),
            (head + "assets = \"../x\"", "4:10", "inside the app's folder"),
            (head + "assets = \".\"", "4:10", "own folder"),
            (head + "[vars]\nA = 1", "5:5", "use quotes"),
            (head + "[vars]\n1A = \"x\"", "5:1", "cannot be a name in env"),
            (head + "[vars]\nNODE = \"x\"", "5:1", "made by the runtime"),
            (head + "vars = 1", "4:8", "must be a table"),
            (head + "[bindings]\nname = \"A\"", "4:2", "[[bindings]]"),
            (head + "[[bindings]]\nname = \"A\"", "4:3", "has no type"),
            (head + "[[bindings]]\ntype = \"kv\"\nnamespace = \"x\"", "4:3", "has no name"),
            (head + "[[bindings]]\nname = \"A\"\ntype = \"kw\"", "6:8", "did you mean \"kv\"?"),
            (head + "[[bindings]]\nname = \"A\"\ntype = \"kv\"", "4:3", "write namespace"),
            (head + "[[bindings]]\nname = \"A\"\ntype = \"assets\"", "6:8", "has no assets"),
            (
                head + "[[bindings]]\nname = \"A\"\ntype = \"service\"\nservce = \"x\"", "7:1",
                "did you mean \"service\"?"
            ),
            (
                head + "[vars]\nA = \"x\"\n[[bindings]]\nname = \"A\"\ntype = \"service\"\nservice = \"x\"", "7:8",
                "given twice, first in line 5"
            ),
            (head + "secrets = \"A\"", "4:11", "a list of names"),
            (head + "secrets = [\"A\", \"1A\"]", "4:17", "cannot be a name in env"),
            (head + "secrets = [\"A=x\"]", "4:12", "never here"),
            (head + "secrets = [\"A\", \"A\"]", "4:17", "given twice"),
            (head + "secrets = [\"A\"]\n[vars]\nA = \"x\"", "4:12", "given twice"),
            ("name = \"a\"\nkind = \"site\"\nassets = \"x\"\nsecrets = []", "4:1", "belongs to functions"),
            (head + "[build]\nminify = \"yes\"", "5:10", "true or false, without quotes"),
            (head + "[build]\nsourcemaps = true", "5:1", "did you mean \"source_maps\"?"),
            ("name = \"a", "1:8", "is not closed"),
        ])
    func mistakes(_ text: String, _ place: String, _ message: String) {
        let error = #expect(throws: AppManifestError.self) { try AppManifest(parsing: text) }
        let found = error?.problems.contains { $0.position.description == place && $0.message.contains(message) }
        #expect(found == true, "\(String(describing: error))")
        #expect(error?.description.contains("skerry.toml:\(place): ") == true)
    }

    @Test("All mistakes are said at once, in the order of the file")
    func several() {
        let error = #expect(throws: AppManifestError.self) {
            try AppManifest(parsing: AppManifestTests.head + "limits = \"x\"\nzz = 1\nroutes = [\"a\"]\n")
        }
        #expect(error?.problems.map(\.position.line) == [4, 5, 6])
    }

    @Test("Limits hold, and one more is refused")
    func limits() throws {
        func routes(_ count: Int) -> String {
            AppManifestTests.head + "routes = [" + (0..<count).map { "\"/\($0)\"" }.joined(separator: ",") + "]"
        }
        #expect(try AppManifest(parsing: routes(ManifestLimits.maxRoutes)).routes.count == ManifestLimits.maxRoutes)
        #expect(throws: AppManifestError.self) { try AppManifest(parsing: routes(ManifestLimits.maxRoutes + 1)) }
        func variable(_ count: Int) -> String {
            AppManifestTests.head + "[vars]\nA = \"" + String(repeating: "x", count: count) + "\""
        }
        _ = try AppManifest(parsing: variable(ManifestLimits.maxVarBytes))
        #expect(throws: AppManifestError.self) { try AppManifest(parsing: variable(ManifestLimits.maxVarBytes + 1)) }
    }

    @Test(
        "The nearest name is suggested, and no far one",
        arguments: [("nmae", "name"), ("Kind", "kind"), ("binding", "bindings"), ("zzzzz", nil), ("k", nil)])
    func suggestions(_ word: String, _ expected: String?) {
        #expect(Suggestion.nearest(to: word, among: ["name", "kind", "bindings"]) == expected)
    }
}
