import Testing

@testable import Images

@Suite struct LayerPlanTests {
    private func entry(
        _ kind: TarEntry.Kind, _ name: String, target: String = "", mode: UInt32 = 0o755, size: Int = 0
    ) -> TarEntry {
        TarEntry(
            kind: kind, name: Array(name.utf8), target: Array(target.utf8), mode: mode, user: 0, group: 0, size: size,
            offset: 0, modified: .init(seconds: 0, nanoseconds: 0))
    }

    private func path(_ text: String) throws -> LayerPath { try LayerPath(Array(text.utf8), "") }

    /// The code of the first entry that is refused.
    private func refusal(_ entries: [TarEntry]) -> ImageError.Code? {
        var plan = LayerPlan(limits: LayerLimits())
        do {
            for entry in entries { _ = try plan.on(entry) }
            return nil
        } catch { return error.code }
    }

    @Test func keepsOrderlyNames() throws {
        var plan = LayerPlan(limits: LayerLimits())
        for name in ["./", "./a", "a/./b", "a//c/", "a/..b", "..c"] {
            let kind: TarEntry.Kind = name.hasSuffix("/") || name == "./a" ? .folder : .file
            let step = try plan.on(entry(kind, name))
            #expect(step != nil, "\(name)")
        }
    }

    @Test func pathsKnowTheirParts() throws {
        for (text, parent, depth) in [("", "", 0), ("a", "", 1), ("a/b", "a", 2), ("a/b/c", "a/b", 3)] {
            let path = try path(text)
            #expect(path.parent == (try self.path(parent)) && path.depth == depth && path.parts.count == depth)
            #expect(LayerPath(parts: path.parts) == path && path.appending([0x78]).parent == path)
        }
    }

    @Test func hidesAtTheEnd() throws {
        var plan = LayerPlan(limits: LayerLimits())
        let entries = [
            entry(.file, "a/.wh.gone"), entry(.file, "b/.wh..wh..opq"), entry(.folder, "b"), entry(.file, "b/new"),
            entry(.file, ".wh.again"), entry(.folder, "again"), entry(.file, ".wh.file"), entry(.file, "file"),
            entry(.hardLink, "a/.wh..wh.plnk", target: "x"),
        ]
        let now = try entries.compactMap { try plan.on($0) }.map(\.path.description)
        #expect(now == ["b", "b/new", "again", "file"])
        let later = plan.finish()
        #expect(later.map(\.path.description) == ["a/gone", "b", "again"])
        #expect(later.map(\.action) == [.whiteout, .opaque, .opaque])
        #expect(!plan.hidesAllBelow)
        _ = try plan.on(entry(.file, ".wh..wh..opq"))
        #expect(plan.hidesAllBelow)
        #expect(plan.impliedFolders.map(\.path.description) == ["a"])
    }

    @Test func dropsRightsOfFilesOnly() throws {
        var plan = LayerPlan(limits: LayerLimits())
        let file = try plan.on(entry(.file, "su", mode: 0o7755))
        #expect(file?.mode == 0o1755)
        let folder = try plan.on(entry(.folder, "mail", mode: 0o3777))
        #expect(folder?.mode == 0o3777)
    }

    @Test func limitsNames() {
        let name = String(repeating: "n", count: 255)
        #expect(refusal([entry(.file, name)]) == nil)
        #expect(refusal([entry(.file, name + "n")]) == .nameTooLong)
        let path = String(repeating: name + "/", count: 15)
        let exact = path + String(repeating: "n", count: 4_095 - path.utf8.count)
        #expect(refusal([entry(.file, exact)]) == nil)
        #expect(refusal([entry(.file, exact + "n")]) == .nameTooLong)
        let deep = Array(repeating: "d", count: LayerLimits.maxDepth).joined(separator: "/")
        #expect(refusal([entry(.folder, deep)]) == nil)
        #expect(refusal([entry(.folder, deep + "/d")]) == .nameTooLong)
        #expect(refusal([entry(.symbolicLink, "a", target: String(repeating: "t", count: 4_095))]) == nil)
        #expect(refusal([entry(.symbolicLink, "a", target: String(repeating: "t", count: 4_096))]) == .nameTooLong)
    }

    @Test func limitsAllPathsTogether() {
        var limits = LayerLimits()
        limits.maxTotalPathBytes = 20
        var plan = LayerPlan(limits: limits)
        var code: ImageError.Code?
        do throws(ImageError) {
            // 1 + 10 + 9 bytes: the folder counts too.
            _ = try plan.on(entry(.file, "a/23456789"))
            _ = try plan.on(entry(.file, "a/2345678"))
            code = ImageError.Code.badName
            _ = try plan.on(entry(.file, "b"))
        } catch { if code != nil { code = error.code } }
        #expect(code == .tooLarge)
    }

    @Test(arguments: [
        ("/etc", "", ImageError.Code.absolutePath), ("../x", "", .pathTraversal), ("a/../../x", "", .pathTraversal),
        ("a/..", "", .pathTraversal), (".wh.", "", .badWhiteout), (".wh..", "", .badWhiteout),
        (".wh...", "", .badWhiteout), ("a/.wh..wh.x", "", .badWhiteout),
    ])
    func refusesNames(_ name: String, _ target: String, _ code: ImageError.Code) {
        #expect(refusal([entry(.file, name, target: target)]) == code, "\(name)")
    }

    @Test func followsNoLink() {
        let link = entry(.symbolicLink, "a", target: "/")
        #expect(refusal([link, entry(.file, "a/b")]) == .throughLink)
        #expect(refusal([link, entry(.folder, "a")]) == .duplicate)
        #expect(refusal([link, entry(.file, "a/b/.wh.c")]) == .throughLink)
        #expect(refusal([entry(.file, "a"), entry(.file, "a/b")]) == .throughLink)
        // The other way round the folder is there.
        #expect(refusal([entry(.file, "a/b"), link]) == .duplicate)
        #expect(refusal([link, entry(.hardLink, "b", target: "a/etc/passwd")]) == .throughLink)
        #expect(refusal([entry(.hardLink, "b", target: "../../etc/passwd")]) == .pathTraversal)
        #expect(refusal([entry(.hardLink, "b", target: "/etc/passwd")]) == .absolutePath)
        #expect(refusal([entry(.hardLink, "b", target: "none")]) == .badLink)
        #expect(refusal([entry(.folder, "d"), entry(.hardLink, "b", target: "d")]) == .badLink)
        #expect(refusal([entry(.file, "c"), entry(.hardLink, "b", target: "c")]) == nil)
        #expect(refusal([link, entry(.hardLink, "b", target: "a"), entry(.file, "b/c")]) == .throughLink)
    }

    @Test func takesFoldersTwice() {
        #expect(refusal([entry(.folder, "a"), entry(.folder, "./a/")]) == nil)
        #expect(refusal([entry(.file, "a"), entry(.file, "./a")]) == .duplicate)
        #expect(refusal([entry(.file, ".wh.a"), entry(.file, ".wh.a")]) == .duplicate)
        #expect(refusal([entry(.folder, "a"), entry(.file, "a")]) == .duplicate)
    }
}
