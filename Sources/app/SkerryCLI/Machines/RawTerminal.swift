#if canImport(Glibc)
    import Glibc
#endif

/// The terminal of this process, handing on every key as it is.
final class RawTerminal {
    private var before: termios?

    /// Nil if standard input is no terminal.
    init?() {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        cfmakeraw(&settings)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// As it was before.
    func restore() {
        guard var settings = before else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        before = nil
    }

    /// The size of the terminal that this process writes to or reads from; 80 columns and 24 rows if there is none.
    static func size() -> (columns: UInt16, rows: UInt16) {
        var window = winsize()
        for descriptor in [STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO] {
            if ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
                return (window.ws_col, window.ws_row)
            }
        }
        return (80, 24)
    }
}
