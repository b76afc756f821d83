import Functions

/// The reader of WebAssembly modules. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum FunctionsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["wasm-module": module] }

    /// Small inputs to begin with.
    static func seeds() -> [String: [String: [UInt8]]] {
        let plain = program(importing: [("wasi_snapshot_preview1", "fd_write")])
        return [
            "wasm-module": [
                "program": plain, "files": (try? WasiProgram(module: plain, files: ["a/b": [1, 2]]))?.code ?? [],
                "foreign": program(importing: [("env", "memory")], memoryFlags: 3),
            ]
        ]
    }

    private static func module(_ input: [UInt8]) -> String? {
        let module: WasmModule
        do { module = try WasmModule(parsing: input) } catch {
            let place = error.message.dropFirst("byte ".count).prefix { $0 != ":" }
            guard error.code == .badModule, error.message.hasPrefix("byte "), let offset = Int(place) else {
                return "it was refused without a place"
            }
            return (0...input.count).contains(offset) ? nil : "the place is not in the module"
        }
        guard module.customSections.allSatisfy({ $0.content.upperBound <= input.count }) else {
            return "a section ends behind the module"
        }
        guard let packed = try? WasiProgram(module: input, files: ["a": [1, 2], "b/c": []]) else { return nil }
        guard packed.code.starts(with: input), let again = try? WasmModule(parsing: packed.code) else {
            return "files have changed the module"
        }
        let files = again.customSections.dropFirst(module.customSections.count)
        let contents = files.map { Array(packed.code[$0.content]) }
        let expected: [[UInt8]] = [[0x61, 0, 1, 2], [0x62, 0x2F, 0x63, 0]]
        guard contents == expected, files.allSatisfy({ $0.name == WasiProgram.fileSection }) else {
            return "files are not read as written"
        }
        return again.imports == module.imports && again.exports == module.exports
            ? nil : "files have changed what it needs"
    }

    // MARK: Modules

    /// A program that the engine takes: its functions have no parameters and give nothing.
    ///
    /// - Parameters:
    ///   - imports: Functions, as pairs of a module and a name.
    ///   - memoryFlags: Those of its memory of one page.
    ///   - exports: The names of its function and its memory.
    static func program(
        importing imports: [(String, String)], memoryFlags: UInt8 = 0,
        exports: (function: String, memory: String) = ("_start", "memory"), body: [UInt8] = []
    ) -> [UInt8] {
        var needed = number(imports.count)
        for (module, item) in imports { needed += joined([name(module), name(item), [0, 0]]) }
        let limits: [UInt8] = memoryFlags & 1 == 0 ? [memoryFlags, 1] : [memoryFlags, 1, 1]
        let function = joined([name(exports.function), [0], number(imports.count)])
        let code = joined([[0], body, [0x0B]])
        return joined([
            [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00], section(1, [1, 0x60, 0, 0]), section(2, needed),
            section(3, [1, 0]), section(5, joined([[1], limits])),
            section(7, joined([[2], function, name(exports.memory), [2, 0]])),
            section(10, joined([[1], number(code.count), code])),
        ])
    }

    static func joined(_ parts: [[UInt8]]) -> [UInt8] { parts.reduce(into: []) { $0 += $1 } }

    static func section(_ id: UInt8, _ content: [UInt8]) -> [UInt8] {
        joined([[id], number(content.count), content])
    }

    static func name(_ text: String) -> [UInt8] { joined([number(text.utf8.count), Array(text.utf8)]) }

    /// A number in LEB128.
    private static func number(_ value: Int) -> [UInt8] {
        if value < 0x80 { return [UInt8(value)] }
        return joined([[UInt8(value & 0x7F) | 0x80], number(value >> 7)])
    }
}
