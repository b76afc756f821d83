/// Code that is a WebAssembly module: a program that answers requests (`wasi.js`).
enum ProgramCode {
    /// What every module begins with (WebAssembly, section 5.5.16). No script does: a NUL is no token.
    private static let magic: [UInt8] = [0x00, 0x61, 0x73, 0x6D]

    static func isModule(_ code: [UInt8]) -> Bool { code.starts(with: magic) }
}
