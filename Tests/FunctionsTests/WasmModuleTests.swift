import Testing

@testable import Functions

/// What a deployment says of a WebAssembly module before it uploads it.
@Suite struct WasmModuleTests {
    typealias Make = FunctionsFuzzTargets

    @Test func sectionsAreRead() throws {
        let wanted = [("wasi_snapshot_preview1", "fd_write"), ("wasi_snapshot_preview1", "proc_exit")]
        let bytes = Make.joined([
            Make.program(importing: wanted, memoryFlags: 1),
            Make.section(0, Make.joined([Make.name("note"), [7, 8]])),
        ])
        let module = try WasmModule(parsing: bytes)
        #expect(module.imports.map(\.name) == ["fd_write", "proc_exit"])
        #expect(module.imports.allSatisfy { $0.module == "wasi_snapshot_preview1" && $0.kind == .function })
        #expect(module.exports == [.init(name: "_start", kind: .function), .init(name: "memory", kind: .memory)])
        #expect(module.memoryFlags == [1])
        #expect(module.customSections.map(\.name) == ["note"])
        #expect(module.customSections.map { Array(bytes[$0.content]) } == [[7, 8]])
        #expect(WasmModule.begins(bytes) && !WasmModule.begins("export".utf8))
    }

    private static let broken: [(String, [UInt8], String)] = [
        ("nothing", [], "byte 0: this is no WebAssembly module"),
        ("text", Array("export default".utf8), "byte 0: this is no WebAssembly module"),
        ("a header that is cut off", [0, 0x61, 0x73, 0x6D, 1], "byte 4: this is no module of version 1"),
        ("a component", [0, 0x61, 0x73, 0x6D, 13, 0, 1, 0], "byte 4: this is a component (WASI preview 2)"),
        ("a section without a length", after(2), "byte 9: the module ends where a section's length should be"),
        ("a section that is too long", after(2, 5, 0), "byte 10: the section 2 has 5 bytes, but only 1 are left"),
        ("a length that never ends", after(2, 255, 255, 255, 255, 255), "byte 9: a section's length is no number"),
        ("a length beyond 32 bits", after(2, 255, 255, 255, 255, 31), "byte 9: a section's length is no number"),
        ("two import sections", after(2, 1, 0, 2, 1, 0), "byte 11: the section 2 is there twice"),
        ("an import that is cut off", after(2, 3, 1, 1, 0x61), "byte 13: the module ends where the length of an"),
        ("a name that is cut off", after(2, 2, 1, 9), "byte 12: an import's module has 9 bytes, but only 0 are"),
        ("a name that is no UTF-8", after(2, 3, 1, 1, 0xFF), "byte 11: an import's module is no UTF-8"),
        ("an unknown kind", after(2, 6, 1, 1, 0x61, 1, 0x62, 9), "byte 15: an import is of the unknown kind 9"),
        ("too many imports", after(2, 3, 0xFF, 0xFF, 0x7F), "byte 13: there are 2097151 imports"),
    ]

    /// What follows a module's header.
    private static func after(_ bytes: UInt8...) -> [UInt8] { [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0] + bytes }

    @Test func brokenModules() {
        for (name, bytes, message) in WasmModuleTests.broken {
            do {
                _ = try WasmModule(parsing: bytes)
                Issue.record("\(name) was taken")
            } catch {
                #expect(error.message.hasPrefix(message), "\(name): \(error.message)")
                #expect(error.code == .badModule)
            }
        }
    }

    /// Each prefix of a module is a module or an error, and never a trap.
    @Test func modulesThatAreCutOff() {
        for count in stride(from: 0, to: WasiProbe.module.count, by: 13) {
            let module = try? WasmModule(parsing: Array(WasiProbe.module[..<count]))
            #expect((module?.exports.count ?? 0) <= 2)
        }
    }

    private static let refused: [([UInt8], String)] = [
        (Make.program(importing: [("env", "magic")]), "byte 17: the module imports the function env.magic"),
        (
            Make.program(importing: [("wasi_snapshot_preview1", "fd_write"), ("wasi_snapshot_preview1", "fd_magic")]),
            "byte 51: the module imports the function wasi_snapshot_preview1.fd_magic, which does not exist here."
        ),
        (Make.program(importing: [("wasi_unstable", "fd_write")]), "byte 17: the module imports the function wasi_uns"),
        (Make.program(importing: [("a\u{1B}[31m", "b")]), "byte 17: the module imports the function a?[31m.b"),
        (Make.program(importing: [], exports: ("main", "memory")), "the module exports no function _start"),
        (Make.program(importing: [], exports: ("_start", "mem")), "the module exports no memory"),
        (Make.program(importing: [], memoryFlags: 3), "the module's memory is shared"),
        (Make.program(importing: [], memoryFlags: 4), "the module's memory has addresses of 64 bits"),
    ]

    @Test func programsThatCannotRun() {
        for (module, message) in WasmModuleTests.refused {
            do {
                _ = try WasiProgram(module: module)
                Issue.record("it was taken, but \(message)")
            } catch {
                #expect(error.message.hasPrefix(message), "\(error.message)")
            }
        }
    }

    @Test func limitsOfPrograms() throws {
        let module = Make.program(importing: [])
        func padded(_ count: Int) -> [UInt8] {
            // A custom section of a length that takes four bytes, with a name of one.
            var length: [UInt8] = []
            let rest = count - module.count - 5
            for shift in [0, 7, 14] { length.append(UInt8(rest >> shift & 0x7F) | 0x80) }
            length.append(UInt8(rest >> 21))
            return Make.joined([module, [0], length, [1, 0x78], [UInt8](repeating: 0, count: rest - 2)])
        }
        #expect(try WasiProgram(module: padded(WasiProgram.maxModuleBytes)).code.count == 8 << 20)
        #expect(throws: FunctionError.self) { try WasiProgram(module: padded(WasiProgram.maxModuleBytes + 1)) }
        // A section of this size: its id, four bytes of length, the name with its length, the path and a zero.
        let overhead = 1 + 4 + 1 + WasiProgram.fileSection.utf8.count + 2
        let fits = [UInt8](repeating: 1, count: WasiProgram.maxFilesBytes - overhead)
        #expect(try WasiProgram(module: module, files: ["a": fits]).code.count == module.count + (4 << 20))
        #expect(throws: FunctionError.self) { try WasiProgram(module: module, files: ["a": fits + [1]]) }
        #expect(throws: FunctionError.self) {
            let names = (0...WasiProgram.maxFiles).map { ("\($0)", [UInt8]()) }
            return try WasiProgram(module: module, files: Dictionary(uniqueKeysWithValues: names))
        }
    }
}
