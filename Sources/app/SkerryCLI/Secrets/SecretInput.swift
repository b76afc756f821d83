import ArgumentParser
import Foundation
import Secrets

#if canImport(Glibc)
    import Glibc
#endif

/// Reads a secret's value from where no shell and no other user sees it.
enum SecretInput {
    /// Reads the value.
    ///
    /// - Parameter file: Read as it is; nil for standard input, whose last line break is left out: hidden on a terminal.
    /// - Throws: ``CommandError``, `SecretsError`; neither says what was read.
    static func read(_ name: String, file: String?) throws -> Secret {
        if let file {
            return try secret(name, try content(of: try CommandInput.open(file)))
        }
        if isatty(STDIN_FILENO) == 1 { return try secret(name, Data(try prompt(for: name).utf8)) }
        var bytes = try content(of: .standardInput)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return try secret(name, bytes)
    }

    /// One byte more than is allowed, and a line break: no value that is too long is taken for a shorter one.
    private static func content(of handle: FileHandle) throws -> Data {
        try CommandInput.bytes(of: handle, atMost: SecretLimits.maxValueBytes + 3)
    }

    private static func secret(_ name: String, _ bytes: Data) throws -> Secret {
        // What was cut off may end within a character.
        guard bytes.count <= SecretLimits.maxValueBytes else { throw SecretsError.valueTooLong }
        guard let value = String(data: bytes, encoding: .utf8) else {
            throw CommandError("The value is not UTF-8 text; encode it, for example with base64")
        }
        return try Secret(name: name, value: value)
    }

    private static func prompt(for name: String) throws -> String {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { throw CommandError("Cannot hide what is typed; use --file") }
        var hidden = before
        // Ctrl-C is read as a character, so that it cannot leave the terminal silent.
        hidden.c_lflag &= ~tcflag_t(ECHO | ISIG)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else {
            throw CommandError("Cannot hide what is typed; use --file")
        }
        Terminal.write("Value of \(name) (hidden): ", to: STDERR_FILENO)
        let typed = readLine(strippingNewline: true)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        Terminal.note("")
        guard let line = typed, !line.contains("\u{3}") else { throw CommandError("Cancelled; nothing was changed") }
        return line
    }
}
