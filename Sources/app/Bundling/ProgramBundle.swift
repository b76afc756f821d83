import Foundation
import Functions

/// Makes code of a WebAssembly program: there is nothing to bundle, but its files come with it.
enum ProgramBundle {
    /// How modules' files end.
    static let suffix = ".wasm"

    /// Whether a file is a module, or says that it is.
    static func concerns(_ entry: String, _ bytes: Data) -> Bool {
        entry.hasSuffix(suffix) || WasmModule.begins(bytes)
    }

    /// - Parameter files: Where files are, by the path under which the program sees them.
    /// - Throws: ``BundleError`` for a module that cannot run, and for files that are too many or cannot be read.
    static func make(
        _ bytes: Data, _ entry: String, files: [String: String], hasBuild: Bool
    ) throws -> AppBundle {
        let code: [UInt8]
        do {
            code = try WasiProgram(module: Array(bytes), files: try read(files)).code
        } catch let error as FunctionError {
            throw BundleError(error.message, file: entry)
        }
        let warnings =
            hasBuild
            ? [Diagnostic(file: entry, line: 0, column: 0, message: "[build] is for scripts and changes nothing here")]
            : []
        return AppBundle(
            script: "", exports: ["_start"], sourceName: entry, sourceMap: nil, bundler: "", inputs: [entry],
            warnings: warnings, program: Data(code))
    }

    private static func read(_ files: [String: String]) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        var total = 0
        for (path, location) in files {
            guard let bytes = FileManager.default.contents(atPath: location) else {
                throw BundleError("cannot be read, and the program would get it", file: path)
            }
            total += bytes.count
            guard total <= WasiProgram.maxFilesBytes else {
                throw BundleError(
                    "the app's files have more than \(WasiProgram.maxFilesBytes) bytes; a WebAssembly program gets them "
                        + "with its code, so leave the large ones out")
            }
            contents[path] = Array(bytes)
        }
        return contents
    }
}
