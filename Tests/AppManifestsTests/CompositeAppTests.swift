import AppManifests
import Manifests
import Testing

@Suite("Manifests of origins and of apps with several parts")
struct CompositeAppTests {
    private static let whole = """
        name = "shop"
        kind = "app"

        [site]
        assets = "./public/"
        spa = true

        [function]
        entry = "api.ts"
        routes = ["/api/*", "/hook"]
        limits = "small"
        secrets = ["TOKEN"]

        [function.vars]
        A = "1"

        [[function.bindings]]
        name = "ASSETS"
        type = "assets"

        [origin.img]
        url = "https://images.example.com/shop/"
        routes = ["/img/*"]
        strip_prefix = true
        host = "images.example.com"
        retries = 1
        shield = false
        follow_redirects = true
        max_object = "500MiB"
        request_headers = { X-Shop = "1", Cookie = false }
        response_headers = { Server = false }
        timeouts = { connect = "500ms", answer = 10 }

        [origin.img.cache]
        ttl = "1h"
        negative_ttl = 10
        stale_while_revalidate = "1m"
        stale_if_error = "1d"
        respect_visitors = false
        query = ["width"]
        bypass = ["/img/live/*"]
        paths = { "/img/*" = 60, "/img/logo" = "30d" }

        [origin.files]
        bucket = "files"
        endpoint = "https://s3.example.com"
        access_key_id_secret = "KEY_ID"
        secret_access_key_secret = "KEY"
        prefix = "/a/b/"
        routes = ["/files/*"]

        [origin.docs]
        ipfs = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
        routes = ["/docs/*"]

        [origin.local]
        directory = "/srv/local/"
        routes = ["/local/*"]
        """

    @Test("A whole app")
    func app() throws {
        let app = try AppManifest(parsing: CompositeAppTests.whole)
        #expect(app.kind == .app && app.assets == "public" && app.entry == "api.ts" && app.isSinglePage)
        #expect(app.siteRoutes.map(\.description) == ["/*"])
        #expect(app.routes.map(\.description) == ["/api/*", "/hook"])
        #expect(app.vars == ["A": "1"] && app.secrets == ["TOKEN"] && app.limits == .small && !app.stripsPrefix)
        #expect(app.bindings == [FunctionBinding(name: "ASSETS", target: .assets)])
        #expect(app.origins.map(\.name) == ["img", "files", "docs", "local"])
        let image = app.origins[0]
        var expected = OriginManifest(source: .server(try OriginURL("https://images.example.com/shop")))
        expected.host = "images.example.com"
        expected.retries = 1
        expected.usesShield = false
        expected.followsRedirects = true
        expected.maxObjectBytes = 500 << 20
        expected.request = OriginFieldChanges(written: ["x-shop": "1"], removed: ["cookie"])
        expected.response = OriginFieldChanges(removed: ["server"])
        expected.timeouts.connect = 500
        expected.timeouts.answer = 10_000
        expected.cache.defaultTTL = 3_600
        expected.cache.negativeTTL = 10
        expected.cache.staleWhileRevalidate = 60
        expected.cache.staleIfError = 86_400
        expected.cache.respectsVisitors = false
        expected.cache.query = .only(["width"])
        expected.cache.bypass = ["/img/live/*"].compactMap { RoutePattern($0) }
        expected.cache.ttls = [("/img/logo", 2_592_000), ("/img/*", 60)].compactMap { path, seconds in
            RoutePattern(path).map { OriginCacheRules.TTL(path: $0, seconds: seconds) }
        }
        #expect(image.manifest == expected && image.stripsPrefix && image.routes.map(\.description) == ["/img/*"])
        let keys = OriginSource.Bucket.Keys(id: "KEY_ID", key: "KEY")
        #expect(
            app.origins[1].manifest.source
                == .bucket(
                    .init(
                        endpoint: try OriginURL("https://s3.example.com"), region: "us-east-1", name: "files",
                        prefix: "a/b", keys: keys)))
        #expect(app.origins[3].manifest.source == .directory(path: "/srv/local"))
    }

    private static let machine = """
        name = "notebook"
        kind = "app"

        [function]
        entry = "api.js"
        routes = ["/api/*"]

        [[function.bindings]]
        name = "NOTES"
        type = "machine"

        [machine]
        image = "oci:image"
        routes = ["/machine/*"]
        strip_prefix = true
        secrets = ["TOKEN"]

        [machine.vars]
        MODE = "fast"

        [[machine.bindings]]
        name = "SHOP"
        type = "service"
        service = "shop"

        [[machine.ports]]
        port = 8080
        """

    @Test("A machine among the parts")
    func machine() throws {
        let app = try AppManifest(parsing: CompositeAppTests.machine)
        #expect(app.bindings == [FunctionBinding(name: "NOTES", target: .machine)])
        #expect(app.machineRoutes.map(\.description) == ["/machine/*"] && app.machineStripsPrefix)
        let described = try #require(app.machine).described
        #expect(described.vars == ["MODE": "fast"] && described.secrets == ["TOKEN"])
        #expect(described.bindings == [FunctionBinding(name: "SHOP", target: .service("shop"))])
        #expect(app.vars.isEmpty && app.secrets.isEmpty, "those of the function are its own")
        let image = described.image
        let manifest = try app.composite(
            site: nil, function: nil, machine: try #require(app.machine).manifest(image: image, layers: [image]))
        #expect(manifest.parts.map(\.name) == ["machine"] && manifest.machine?.imageName == "oci:image")
        #expect(manifest.route("/machine/x").map { manifest.parts[$0.part].stripsPrefix } == true)
        // A machine that nobody but the function and its ports reaches.
        let hidden = try AppManifest(
            parsing: CompositeAppTests.machine.replacing("routes = [\"/machine/*\"]\nstrip_prefix = true\n", with: ""))
        #expect(hidden.machineRoutes.isEmpty)
    }

    @Test("An app of nothing but an origin")
    func origin() throws {
        let app = try AppManifest(
            parsing: "name = \"a\"\nkind = \"origin\"\n[origin]\nurl = \"https://example.com\"\n")
        #expect(app.kind == .origin && app.origins.count == 1 && app.entry == nil && app.assets == nil)
        #expect(app.origins[0].manifest == OriginManifest(source: .server(try OriginURL("https://example.com"))))
    }

    @Test("The parts become a composite manifest")
    func composite() throws {
        let app = try AppManifest(parsing: CompositeAppTests.whole)
        let manifest = try app.composite(site: try SiteManifest(files: [:]), function: nil)
        #expect(manifest.parts.map(\.name) == ["docs", "files", "img", "local", "site"])
        #expect(manifest.route("/img/x").map { manifest.parts[$0.part].name } == "img")
        #expect(manifest.route("/api/x").map { manifest.parts[$0.part].name } == "site")
    }

    private static let head = "name = \"a\"\nkind = \"app\"\n"
    private static let img = head + "[origin.img]\nurl = \"https://a\"\nroutes = [\"/img/*\"]\n"

    @Test(
        "Every mistake is said where it is, with what to write",
        arguments: [
            (head, "1:1", "an app needs parts"), (head + "assets = \"x\"", "3:1", "below [site] or [function]"),
            (head + "entry = \"x\"", "3:1", "below [function]"), (head + "site = 1", "3:8", "must be a table"),
            (head + "[site]", "3:2", "a site needs its files"),
            (head + "[site]\nassets = \"x\"\nspaa = true", "5:1", "did you mean \"spa\"?"),
            (head + "[function]\nentry = \"x\"\nassets = \"y\"", "5:1", "[function] has no key"),
            (head + "[site]\nassets = \"x\"\n[function]\nentry = \"x\"", "5:2", "write routes = [\"/api/*\"]"),
            (head + "[function]\nroutes = [\"/a\"]", "1:1", "a function needs its module"),
            (head + "[function]\nentry = \"x\"\nroutes = [\"/a\"]\nstrip_prefix = true", "6:16", "its only *"),
            (head + "[origin]\nurl = \"https://a\"", "4:1", "write [origin.NAME]"),
            (head + "[origin.Img]\nurl = \"https://a\"", "3:9", "cannot be an origin's name"),
            (head + "[origin.site]\nurl = \"https://a\"", "3:9", "not site or function"),
            (head + "[origin.img]\nurl = \"https://a\"", "3:9", "write routes = [\"/img/*\"]"),
            (head + "[origin.img]\nroutes = [\"/a\"]", "3:9", "does not say where its content is"),
            (img + "bucket = \"b\"", "6:1", "one source"), (img + "urk = 1", "6:1", "did you mean \"url\"?"),
            (img + "endpoint = \"https://a\"", "6:1", "no key \"endpoint\""), (img + "retries = 6", "6:11", "0 to 5"),
            (img + "retries = \"1\"", "6:11", "whole number"), (img + "shield = \"no\"", "6:10", "true or false"),
            (img + "host = \"a b\"", "4:1", "no host's name"), (img + "max_object = \"5MB\"", "6:14", "500MiB"),
            (img + "max_object = 0", "6:14", "500MiB"), (img + "timeouts = { conect = 1 }", "6:14", "\"connect\"?"),
            (img + "timeouts = { connect = \"6m\" }", "6:24", "at most 5 minutes"),
            (img + "request_headers = { Host = \"x\" }", "6:21", "set by the key host"),
            (img + "request_headers = { Connection = \"x\" }", "6:21", "belongs to the connection"),
            (img + "request_headers = { X = 1 }", "6:25", "or false to remove"),
            (img + "request_headers = { X = true }", "6:25", "or false to remove"),
            (img + "request_headers = { X = \" x\" }", "6:25", "blank"), (img + "cache = 60", "6:9", "must be a table"),
            (img + "cache = { tll = 1 }", "6:11", "did you mean \"ttl\"?"),
            (img + "cache = { ttl = \"1y\" }", "6:17", "a time such as"),
            (img + "cache = { ttl = -1 }", "6:17", "a time such as"),
            (img + "cache = { ttl = \"99999999999d\" }", "6:17", "a time such as"),
            (img + "cache = { respect_origin = false }", "6:11", "write ttl"),
            (img + "cache = { query = 1 }", "6:19", "must be true"),
            (img + "cache = { query = [\"a&b\"] }", "6:20", "no parameter"),
            (img + "cache = { paths = { \"x\" = 1 } }", "6:21", "begins with /"),
            (img + "cache = { bypass = [\"x\"] }", "6:21", "begins with /"),
            (img + "[origin.b]\nurl = \"https://b\"\nroutes = [\"/img/*\"]", "8:1", "is also one of [origin.img]"),
            (head + "[origin.a]\nroutes = [\"/a\"]\nurl = \"a.example\"", "5:7", "begins with https"),
            (head + "[origin.a]\nroutes = [\"/a\"]\nbucket = \"b\"", "5:1", "write endpoint"),
            (
                head + "[origin.a]\nroutes = [\"/a\"]\nbucket = \"b\"\nendpoint = \"https://s\"\n"
                    + "access_key_id_secret = \"K\"", "7:1", "come in pairs"
            ),
            (
                head + "[origin.a]\nroutes = [\"/a\"]\nbucket = \"b\"\nendpoint = \"https://s\"\n"
                    + "access_key_id_secret = \"AK/x\"", "7:24", "never here"
            ),
            (head + "[origin.a]\nroutes = [\"/a\"]\nipfs = \"x\"", "5:8", "no content identifier"),
            (head + "[origin.a]\nroutes = [\"/a\"]\ndirectory = \"x\"", "5:13", "an absolute path"),
            (head + "[origin.machine]\nurl = \"https://a\"", "3:9", "not site or function or machine"),
            (head + "[machine]\nroutes = [\"/m\"]", "3:2", "the machine has no image"),
            (head + "[machine]\nimage = \"oci:x\"\nroutes = [\"/m\"]", "5:1", "no port with HTTP"),
            (head + "[machine]\nimage = \"oci:x\"\nentry = \"y\"", "5:1", "[machine] has no key"),
            (head + "machine = 1", "3:11", "must be a table"),
            (
                head + "[machine]\nimage = \"oci:x\"\n[[machine.bindings]]\nname = \"M\"\ntype = \"machine\"", "7:8",
                "the app has no machine"
            ),
            (
                head + "[function]\nentry = \"x\"\n[[function.bindings]]\nname = \"M\"\ntype = \"machine\"", "7:8",
                "the app has no machine"
            ),
            (
                img + "[machine]\nimage = \"oci:x\"\nroutes = [\"/img/*\"]\n[[machine.ports]]\nport = 80", "5:1",
                "is also one of"
            ),
            ("name = \"a\"\nkind = \"origin\"", "1:1", "an origin needs its source"),
            ("name = \"a\"\nkind = \"origin\"\nentry = \"x\"\n[origin]\nurl = \"https://a\"", "3:1", "does not belong"),
            ("name = \"a\"\nkind = \"origin\"\n[origin]\nurl = \"https://a\"\nroutes = []", "5:1", "no key \"routes\""),
            ("name = \"a\"\nkind = \"site\"\nassets = \"x\"\n[origin.a]\nurl = \"https://a\"", "4:2", "kind = \"app\""),
            (
                "name = \"a\"\nkind = \"function\"\nentry = \"x\"\n[function]\nentry = \"y\"", "4:2",
                "belongs to apps of several parts"
            ),
        ])
    func mistakes(_ text: String, _ place: String, _ message: String) {
        let error = #expect(throws: AppManifestError.self) { try AppManifest(parsing: text) }
        let found = error?.problems.contains { $0.position.description == place && $0.message.contains(message) }
        #expect(found == true, "\(place) \(message)\n\(String(describing: error))")
    }
}
