/// A WebAssembly program as a worker is given it: the module as its developer built it, and behind it the files that
/// it can read, each in a custom section of its own.
///
/// The program is a command of WASI preview 1: it imports from `wasi_snapshot_preview1` only, and exports `_start` and
/// `memory`. A worker takes any module, so these checks are there to say what is wrong before anything is deployed.
public struct WasiProgram: Sendable, Equatable {
    /// The largest module: 8 MiB.
    public static let maxModuleBytes = 8 << 20
    /// All files of a program with their names: 4 MiB.
    public static let maxFilesBytes = 4 << 20
    /// Files of one program.
    public static let maxFiles = 10_000
    /// The custom sections that hold files: a path, a zero byte, the file's bytes.
    public static let fileSection = "skerry.file"
    /// What a program may import from.
    public static let importModule = "wasi_snapshot_preview1"

    /// What the worker is loaded with.
    public let code: [UInt8]

    /// Checks a module and puts files behind it.
    ///
    /// - Parameters:
    ///   - module: The module's bytes.
    ///   - files: Bytes by path, relative to the root that the program sees; no path is empty, absolute or has parts that
    ///     are `.` or `..`, as `SiteManifest` has it.
    /// - Throws: ``FunctionError`` with ``FunctionError/Code/badModule``; what concerns a place in the module begins with
    ///   `byte 12: `.
    public init(module bytes: [UInt8], files: [String: [UInt8]] = [:]) throws(FunctionError) {
        guard bytes.count <= WasiProgram.maxModuleBytes else {
            throw FunctionError(
                .badModule,
                "the module has \(bytes.count) bytes; the limit is \(WasiProgram.maxModuleBytes). Build it for size and "
                    + "without debug information (wasm-opt -Os --strip-debug, or the linker's --strip-all)")
        }
        try WasiProgram.check(try WasmModule(parsing: bytes))
        guard files.count <= WasiProgram.maxFiles else {
            throw FunctionError(
                .badModule,
                "there are \(files.count) files for the program; at most \(WasiProgram.maxFiles) are packed with it")
        }
        var code = bytes
        for (path, content) in files.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            code += WasiProgram.section(path, content)
            guard code.count - bytes.count <= WasiProgram.maxFilesBytes else {
                throw FunctionError(
                    .badModule,
                    "the files for the program have more than \(WasiProgram.maxFilesBytes) bytes together; they are packed "
                        + "with it, so leave the large ones out")
            }
        }
        self.code = code
    }

    private static func check(_ module: WasmModule) throws(FunctionError) {
        for item in module.imports {
            guard item.kind == .function, item.module == importModule, functions.contains(item.name) else {
                throw FunctionError(
                    .badModule,
                    "byte \(item.offset): the module imports the \(item.kind) \(printable(item.module)).\(printable(item.name)), "
                        + "which does not exist here. " + advice(item))
            }
        }
        guard module.exports.contains(where: { $0.name == "_start" && $0.kind == .function }) else {
            throw FunctionError(
                .badModule, "the module exports no function _start; build it as a program, not as a library")
        }
        guard module.exports.contains(where: { $0.name == "memory" && $0.kind == .memory }) else {
            throw FunctionError(.badModule, "the module exports no memory with the name memory; programs need one")
        }
        for flags in module.memoryFlags where flags & ~1 != 0 {
            throw FunctionError(
                .badModule,
                flags & 2 != 0
                    ? "the module's memory is shared: there are no threads here; build it without them"
                    : "the module's memory has addresses of 64 bits, or pages of another size; build it for wasm32")
        }
    }

    private static func advice(_ item: WasmModule.Import) -> String {
        switch item.module {
        case importModule: "Programs can use the functions of WASI preview 1 only"
        case "wasi_unstable": "Build it with newer tools: this is WASI preview 0"
        case "env": "If the function is of a library, link it; else build the program for wasm32-wasip1"
        case let module where module.hasPrefix("wasi:"): "Build it for WASI preview 1 (wasm32-wasip1)"
        case let module where module.hasPrefix("wbg") || module.contains("wbindgen"):
            "This module is for JavaScript: import it from a .js file, or build a program for wasm32-wasip1"
        default: "Build it as a program for WASI preview 1 (wasm32-wasip1)"
        }
    }

    /// The beginning of a name, without what a terminal would act on.
    private static func printable(_ name: String) -> String {
        String(name.unicodeScalars.prefix(100).map { $0.properties.generalCategory == .control ? "?" : Character($0) })
    }

    private static func section(_ path: String, _ content: [UInt8]) -> [UInt8] {
        var head = number(fileSection.utf8.count)
        head += Array(fileSection.utf8)
        head += Array(path.utf8)
        head.append(0)
        var section: [UInt8] = [0]
        section += number(head.count + content.count)
        section += head
        section += content
        return section
    }

    /// A number in LEB128.
    private static func number(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }

    /// What `wasi-calls.js` has.
    static let functions: Set<String> = [
        "args_get", "args_sizes_get", "clock_res_get", "clock_time_get", "environ_get", "environ_sizes_get",
        "fd_advise",
        "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_get", "fd_fdstat_set_flags", "fd_fdstat_set_rights",
        "fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pread", "fd_prestat_dir_name",
        "fd_prestat_get", "fd_pwrite", "fd_read", "fd_readdir", "fd_renumber", "fd_seek", "fd_sync", "fd_tell",
        "fd_write",
        "path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link", "path_open",
        "path_readlink",
        "path_remove_directory", "path_rename", "path_symlink", "path_unlink_file", "poll_oneoff", "proc_exit",
        "proc_raise", "random_get", "sched_yield", "sock_accept", "sock_recv", "sock_send", "sock_shutdown",
    ]
}
