import Foundation
import Testing

@testable import Origins

@Suite("Folders as origins")
struct DirectoryOriginTests {
    private func withFolder(_ body: (URL, OriginDescription) async throws -> Void) async throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("origins-\(UUID().uuidString)")
        let root = base.appendingPathComponent("root")
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent("sub"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: base) }
        try Data("secret".utf8).write(to: base.appendingPathComponent("outside.txt"))
        try Data("0123456789".utf8).write(to: root.appendingPathComponent("a b.txt"))
        try Data("<p>".utf8).write(to: root.appendingPathComponent("sub/index.html"))
        try FileManager.default.createSymbolicLink(
            at: root.appendingPathComponent("link.txt"), withDestinationURL: base.appendingPathComponent("outside.txt"))
        try FileManager.default.createSymbolicLink(
            at: root.appendingPathComponent("up"), withDestinationURL: base)
        try await body(base, OriginDescription(.directory(path: root.path)))
    }

    @Test("Files come with type, tag and date, whole, in parts, or not at all when they are known")
    func files() async throws {
        try await withFolder { base, from in
            try await withClient({ $0.allowedDirectories = [base.path] }) { client in
                let whole = try await client.fetch(OriginRequest(path: "/a%20b.txt"), from: from)
                #expect(whole.status == 200)
                #expect(whole.fields["content-type"]?.hasPrefix("text/plain") == true)
                #expect(whole.fields["last-modified"]?.hasSuffix(" GMT") == true)
                let text = try await whole.text()
                #expect(text == "0123456789")
                let tag = try #require(whole.fields["etag"])
                let part = try await client.fetch(
                    OriginRequest(path: "/a%20b.txt", fields: ["range": "bytes=-3", "if-range": tag]), from: from)
                #expect(part.status == 206)
                let end = try await part.text()
                #expect(end == "789")
                let known = try await client.fetch(
                    OriginRequest(path: "/a%20b.txt", fields: ["if-none-match": tag]), from: from)
                #expect(known.status == 304)
                let head = try await client.fetch(OriginRequest(method: "HEAD", path: "/a%20b.txt"), from: from)
                #expect(head.length == 10)
                let nothing = try await head.bytes()
                #expect(nothing.isEmpty)
                let folder = try await client.fetch(OriginRequest(path: "/sub"), from: from)
                #expect(folder.fields["location"] == "./sub/")
                let index = try await client.fetch(OriginRequest(path: "/sub/"), from: from)
                #expect(index.fields["content-type"]?.hasPrefix("text/html") == true)
                try await eventually("nothing is under way") { client.statistics.first?.inFlight == 0 }
            }
        }
    }

    @Test("Hidden files are not found, except .well-known at the top (RFC 8615)")
    func hidden() async throws {
        try await withFolder { base, from in
            let root = base.appendingPathComponent("root")
            for name in [".git", ".well-known", "sub/.well-known", ".well-known/.x"] {
                let folder = root.appendingPathComponent(name)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data("a".utf8).write(to: folder.appendingPathComponent("a"))
            }
            try Data("a".utf8).write(to: root.appendingPathComponent(".env"))
            try await withClient({ $0.allowedDirectories = [base.path] }) { client in
                for (path, status) in [
                    ("/.env", 404), ("/.git/a", 404), ("/%2egit/a", 404), ("/sub/.well-known/a", 404),
                    ("/.well-known/.x/a", 404), ("/.well-known/a", 200),
                ] {
                    let response = try await client.fetch(OriginRequest(path: path), from: from)
                    #expect(response.status == status, "\(path)")
                }
            }
        }
    }

    @Test(
        "Nothing outside of the folder is reached",
        arguments: [
            "/link.txt", "/up/outside.txt", "/../outside.txt", "/%2e%2e/outside.txt", "/sub/../../outside.txt", "/none",
            "/sub/none/x",
        ])
    func escapes(_ path: String) async throws {
        try await withFolder { base, from in
            try await withClient({ $0.allowedDirectories = [base.path] }) { client in
                do {
                    let response = try await client.fetch(OriginRequest(path: path), from: from)
                    #expect(response.status == 404)
                    let text = try await response.text()
                    #expect(!text.contains("secret"))
                } catch let error as OriginError {
                    #expect(error.code == .notFound)
                }
            }
        }
    }

    @Test("Only folders below the operator's are allowed, also through links")
    func roots() async throws {
        try await withFolder { base, from in
            let inside = base.appendingPathComponent("root").path
            for (allowed, path, isAllowed) in [
                ([], inside, false), ([base.path], inside, true), ([inside], base.path, false),
                ([inside], inside + "/up", false), ([inside], inside + "x", false), ([inside], "root", false),
                ([inside + "/sub"], inside, false),
            ] {
                try await withClient({ $0.allowedDirectories = allowed }) { client in
                    var description = from
                    description.source = .directory(path: path)
                    if isAllowed {
                        #expect(throws: Never.self) { try client.check(description) }
                    } else {
                        #expect(throws: OriginError.self, "\(allowed) \(path)") { try client.check(description) }
                    }
                }
            }
        }
    }

    @Test("A named pipe does not make the node wait")
    func pipes() async throws {
        try await withFolder { base, from in
            let path = base.appendingPathComponent("root/pipe").path
            try #require(mkfifo(path, 0o600) == 0)
            try await withClient({ $0.allowedDirectories = [base.path] }) { client in
                let response = try await client.fetch(OriginRequest(path: "/pipe"), from: from)
                #expect(response.status == 404)
            }
        }
    }
}
