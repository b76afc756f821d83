import AppManifests
import Bundling
import Foundation
import Functions
import Testing

/// WebAssembly programs in place of scripts.
@Suite struct ProgramBundleTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/skerry-program-\(UUID().uuidString)"

    private func bundle(
        _ files: [String: [UInt8]], entry: String = "app.wasm", with names: [String] = [],
        build: AppManifest.Build = .init()
    ) async throws -> AppBundle {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (path, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + path)) }
        let places = Dictionary(uniqueKeysWithValues: names.map { ("sub/" + $0, folder + "/" + $0) })
        return try await Bundler(folder: folder, build: build, esbuild: nil).bundle(entry: entry, files: places)
    }

    private static let program = FunctionsFuzzTargets.program(importing: [("wasi_snapshot_preview1", "fd_write")])

    @Test func aProgramIsTakenAsItIs() async throws {
        let alone = try await bundle(["app.wasm": Self.program])
        #expect(alone.code == Data(Self.program) && alone.program != nil && alone.script.isEmpty)
        #expect(alone.exports == ["_start"] && alone.sourceName == "app.wasm" && alone.inputs == ["app.wasm"])
        #expect(alone.warnings.isEmpty && alone.sourceMap == nil && alone.bundler.isEmpty)
        // Bytes count, not the name.
        #expect(try await bundle(["app": Self.program], entry: "app").program != nil)
        var build = AppManifest.Build()
        build.minify = true
        #expect(try await bundle(["app.wasm": Self.program], build: build).warnings.count == 1)
    }

    @Test func filesComeWithIt() async throws {
        let bundle = try await bundle(["app.wasm": Self.program, "a.txt": [1, 2, 3]], with: ["a.txt"])
        let module = try WasmModule(parsing: Array(bundle.code))
        #expect(bundle.code.starts(with: Self.program))
        #expect(module.customSections.map(\.name) == ["skerry.file"])
        let content = try #require(module.customSections.first).content
        #expect(
            Array(bundle.code)[content] == FunctionsFuzzTargets.joined([Array("sub/a.txt\0".utf8), [1, 2, 3]])[...])
    }

    @Test func whatCannotRunIsRefused() async {
        let foreign = FunctionsFuzzTargets.program(importing: [("env", "magic")])
        let large = [UInt8](repeating: 0, count: WasiProgram.maxFilesBytes + 1)
        let cases: [([String: [UInt8]], [String], String)] = [
            (["app.wasm": foreign], [], "app.wasm: byte 17: the module imports the function env.magic"),
            (["app.wasm": Array("export default {}".utf8)], [], "app.wasm: byte 0: this is no WebAssembly module"),
            ([:], [], "app.wasm: cannot be read; build the program first"),
            (["app.wasm": Self.program, "large": large], ["large"], "the app's files have more than 4194304 bytes"),
            (["app.wasm": Self.program], ["gone"], "sub/gone: cannot be read"),
        ]
        for (files, names, message) in cases {
            do {
                _ = try await bundle(files, with: names)
                Issue.record("it was taken, but \(message)")
            } catch {
                #expect("\(error)".hasPrefix(message), "\(error)")
            }
        }
    }
}
