import ArgumentParser
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Asks before an app or its data is taken away.
struct ConfirmOption: ParsableArguments {
    @Flag(help: "Do it without asking.")
    var yes = false

    /// Returns if it is to be done.
    ///
    /// - Parameter what: What would happen, as a sentence.
    /// - Throws: ``CommandError`` if not, or if nobody can be asked: scripts say `--yes`.
    func confirm(_ what: String) throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1, Terminal.isInteractive else {
            throw CommandError("\(what) Add --yes to do it")
        }
        Terminal.write("\(what) Do it? [y/N] ", to: STDERR_FILENO)
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased()
        guard answer == "y" || answer == "yes" else { throw CommandError("Cancelled; nothing was changed") }
    }
}
