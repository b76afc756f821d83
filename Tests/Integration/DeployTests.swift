import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("Deploying", .serialized)
struct DeployTests {
    @Test("A site is served from every node as static hosts do")
    func site() async throws {
        try await TestNetwork.with { network in
            try network.write("<h1>home</h1>", to: "site/index.html")
            try network.write("<h1>about</h1>", to: "site/about.html")
            try network.write("<h1>docs</h1>", to: "site/docs/index.html")
            try network.write("body{}", to: "site/style.css")
            try network.write("gone", to: "site/404.html")
            try network.write("secret", to: "site/.env")
            try network.write("ok", to: "site/.well-known/probe")
            let deployed = try await network.deploy(network.folder + "/site", "demo", node: 2)
            #expect(deployed.files == 6)
            for node in try await network.status().nodes {
                let home = try await network.request(node, host: "demo", "/")
                #expect(home.text == "<h1>home</h1>")
                #expect(home.headers.first(name: "content-type") == "text/html; charset=utf-8")
                let tag = try #require(home.headers.first(name: "etag"))
                let again = try await network.request(node, host: "demo", "/", headers: [("if-none-match", tag)])
                #expect(again.status == 304)
                #expect(again.body.readableBytes == 0)
                #expect(try await network.request(node, host: "demo", "/docs/").text == "<h1>docs</h1>")
                #expect(try await network.request(node, host: "demo", "/about").text == "<h1>about</h1>")
                let part = try await network.request(
                    node, host: "demo", "/style.css", headers: [("range", "bytes=0-3")])
                #expect(part.status == 206)
                #expect(part.text == "body")
                #expect(part.headers.first(name: "content-range") == "bytes 0-3/6")
                let absent = try await network.request(node, host: "demo", "/nothing")
                #expect(absent.status == 404)
                #expect(absent.text == "gone")
                #expect(try await network.request(node, host: "demo", "/.env").status == 404)
                #expect(try await network.request(node, host: "demo", "/.well-known/probe").text == "ok")
                #expect(try await network.request(node, host: "nobody", "/").status == 404)
            }
        }
    }

    @Test("A thousand files: the second deploy carries only the changed file and the manifest")
    func incremental() async throws {
        try await TestNetwork.with { network in
            for index in 0..<1_000 {
                try network.write("<p>page \(index)</p>", to: "site/section-\(index / 50)/page-\(index).html")
            }
            let first = try await network.deploy(network.folder + "/site", "docs")
            #expect(first.files == 1_000)
            #expect(first.uploadedBlobs == 1_001)
            try network.write("<p>changed</p>", to: "site/section-7/page-371.html")
            let second = try await network.deploy(network.folder + "/site", "docs")
            #expect(second.uploadedBlobs == 2)
            let same = try await network.deploy(network.folder + "/site", "docs")
            #expect(same.unchanged && same.uploadedBlobs == 0 && same.release == second.release)
            for node in try await network.status().nodes {
                let changed = try await network.request(node, host: "docs", "/section-7/page-371")
                #expect(changed.text == "<p>changed</p>")
                #expect(
                    try await network.request(node, host: "docs", "/section-19/page-999.html").text == "<p>page 999</p>"
                )
            }
        }
    }

    @Test("Releases are listed, and a roll-back is seen on every node at once")
    func rollBack() async throws {
        try await TestNetwork.with { network in
            var releases: [String] = []
            for text in ["one", "two", "three"] {
                try network.write(text, to: "site/index.html")
                releases.append(try await network.deploy(network.folder + "/site", "app").release)
            }
            struct Listing: Decodable {
                struct Release: Decodable {
                    var id: String
                    var live: Bool
                }
                var releases: [Release]
            }
            let listing: Listing = try await network.expectSuccess("releases", "list", "app", "--json").json()
            #expect(listing.releases.map(\.id) == releases)
            #expect(listing.releases.map(\.live) == [false, false, true])
            try await network.expectSuccess("releases", "rollback", "app")
            for node in try await network.status().nodes {
                #expect(try await network.request(node, host: "app", "/").text == "two")
            }
            try await network.expectSuccess("releases", "rollback", "app", releases[0])
            for node in try await network.status().nodes {
                #expect(try await network.request(node, host: "app", "/").text == "one")
            }
            try await network.expectFailure("releases", "rollback", "app", "0000000000", saying: "0000000000")
        }
    }

    @Test("A name that is taken is refused before anything is uploaded")
    func takenName() async throws {
        try await TestNetwork.with { network in
            try network.write("mine", to: "mine/index.html")
            try network.write("theirs, \(UUID())", to: "theirs/index.html")
            _ = try await network.deploy(network.folder + "/mine", "name")
            let releases = try await network.expectSuccess("releases", "list", "name", "--json").output
            let blobs = try await network.status().nodes[0].blobCount
            try await network.expectFailure(
                "deploy", network.folder + "/theirs", "--name", "name", saying: "belongs to the account",
                account: "other")
            try await network.expectFailure(
                "releases", "rollback", "name", saying: "belongs to the account", account: "other")
            #expect(try await network.expectSuccess("releases", "list", "name", "--json").output == releases)
            #expect(try await network.status().nodes[0].blobCount == blobs)
            #expect(try await network.request(try await network.status().nodes[2], host: "name", "/").text == "mine")
            _ = try await network.deploy(network.folder + "/theirs", "another-name", account: "other")
        }
    }

    @Test("Folders that cannot become a site are refused by name, and change nothing")
    func badFolders() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try network.write("x", to: "dangling/index.html")
            try FileManager.default.createSymbolicLink(
                atPath: network.folder + "/dangling/link.html", withDestinationPath: "nowhere.html")
            try network.write("x", to: "escaping/index.html")
            try network.write("outside", to: "outside.txt")
            try FileManager.default.createSymbolicLink(
                atPath: network.folder + "/escaping/link.html", withDestinationPath: "../outside.txt")
            try network.write("x", to: "inside/real.html")
            try FileManager.default.createSymbolicLink(
                atPath: network.folder + "/inside/index.html", withDestinationPath: "real.html")
            try FileManager.default.createDirectory(
                atPath: network.folder + "/empty", withIntermediateDirectories: true)
            try await network.expectFailure(
                "deploy", network.folder + "/dangling", "--name", "a", saying: "link.html leads nowhere")
            try await network.expectFailure(
                "deploy", network.folder + "/escaping", "--name", "a", saying: "link.html leads out of the folder")
            try await network.expectFailure(
                "deploy", network.folder + "/empty", "--name", "a", saying: "holds no files")
            try await network.expectFailure(
                "deploy", network.folder + "/absent", "--name", "a", saying: "does not exist")
            try await network.expectFailure(
                "deploy", network.folder + "/inside", "--name", "A_b", saying: "cannot be a name")
            try await network.expectFailure("deploy", network.folder + "/inside", "--name", "www", saying: "reserved")
            let node = try await network.status().nodes[0]
            let page = try await network.request(node, host: "a", "/")
            #expect(page.status == 404 && page.text.contains("No app is called \"a\""), "nobody has claimed the name")
            _ = try await network.deploy(network.folder + "/inside", "a")
            #expect(try await network.request(try await network.status().nodes[0], host: "a", "/").text == "x")
        }
    }

    @Test("A function answers on every node, in both forms")
    func functions() async throws {
        try await TestNetwork.with { network in
            try network.write(
                """
                export default {
                  async fetch(request) {
                    const url = new URL(request.url);
                    return Response.json({ path: url.pathname, q: url.searchParams.get("q"), body: await request.text() });
                  },
                };
                """, to: "standard.js")
            try network.write(
                "export const main = async (params) => ({ status: 201, headers: { 'x-q': params.query.q }, body: params.method });",
                to: "simple.js")
            _ = try await network.deploy(network.folder + "/standard.js", "standard")
            _ = try await network.deploy(network.folder + "/simple.js", "simple", node: 3)
            for node in try await network.status().nodes {
                let first = try await network.request(
                    node, host: "standard", "/a?q=1", method: .POST, body: ByteBuffer(string: "hi"))
                #expect(first.text == #"{"path":"/a","q":"1","body":"hi"}"#)
                let second = try await network.request(node, host: "simple", "/?q=7")
                #expect(second.status == 201)
                #expect(second.headers.first(name: "x-q") == "7")
                #expect(second.text == "GET")
            }
        }
    }

    @Test("A function that loops or throws gets its own error, and its neighbour notices nothing")
    func hostileFunctions() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try network.write("export default { fetch() { for (;;) {} } };", to: "loop.js")
            try network.write("export default { fetch() { throw new Error('mine'); } };", to: "throw.js")
            try network.write(
                "export default { fetch() { console.log('was called'); return new Response('fine'); } };", to: "good.js"
            )
            for name in ["loop", "throw", "good"] { _ = try await network.deploy(network.folder + "/\(name).js", name) }
            let node = try await network.status().nodes[0]
            #expect(try await network.request(node, host: "good", "/").text == "fine")
            try await eventually("the console line is in the log") {
                try String(contentsOfFile: node.data + "/node.log", encoding: .utf8).contains("was called")
            }
            async let looping = network.request(node, host: "loop", "/")
            var answers: [String] = []
            for _ in 0..<50 { answers.append(try await network.request(node, host: "good", "/").text) }
            #expect(answers.allSatisfy { $0 == "fine" })
            let loop = try await looping
            #expect(loop.status == 504)
            #expect(loop.headers.first(name: "skerry-error") == "function/cpu-limit")
            let thrown = try await network.request(node, host: "throw", "/")
            #expect(thrown.status == 500)
            #expect(thrown.headers.first(name: "skerry-error") == "function/exception")
            #expect(!thrown.text.contains("mine"))
            let log = try String(contentsOfFile: node.data + "/node.log", encoding: .utf8)
            #expect(log.contains("mine"), "the developer finds the exception in the log")
            #expect(try await network.request(node, host: "good", "/").text == "fine")
        }
    }

    @Test("A file that is no function is refused with its position")
    func badFunctions() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try network.write("const a = 1;\n", to: "none.js")
            try network.write("import x from './x.js';\nexport default { fetch() {} };\n", to: "imports.js")
            try await network.expectFailure(
                "deploy", network.folder + "/none.js", "--name", "f", saying: "exports no handler")
            try await network.expectFailure(
                "deploy", network.folder + "/imports.js", "--name", "f", saying: "imports.js:1")
        }
    }
}
