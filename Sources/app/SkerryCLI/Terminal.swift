import ArgumentParser
import Client
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What people and scripts see.
enum Terminal {
    /// Whether a person watches standard error.
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// Whether a terminal understands more than lines of text.
    private static let hasCursor = (Surroundings["TERM"] ?? "dumb") != "dumb"

    /// Whether colours are wanted on standard output: a person watches it and did not say no (no-color.org).
    static let hasColours = isatty(STDOUT_FILENO) == 1 && Surroundings["NO_COLOR"] == nil && hasCursor

    /// Whether there is a progress line, which the next other line replaces.
    private static let hasProgress = Mutex(false)

    /// A line on standard output.
    static func print(_ line: String) {
        endProgress()
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// A line on standard error.
    static func note(_ line: String) {
        endProgress()
        write(line + "\n", to: STDERR_FILENO)
    }

    /// A value as JSON on standard output.
    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A value as JSON in one line on standard output, for commands that go on.
    static func printJSONLine(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Replaces the progress line, of which one line of the terminal is shown; nothing if nobody watches.
    static func progress(_ text: String) {
        guard isInteractive, hasCursor else { return }
        hasProgress.withLock { $0 = true }
        write("\r\u{1B}[2K\(text.prefix(Int(RawTerminal.size().columns) - 1))", to: STDERR_FILENO)
    }

    /// A text of somebody else's without what could move the cursor, change colours or rename the window.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
        return String(result)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0: true
        default: false
        }
    }

    /// Removes the progress line.
    static func endProgress() {
        let isThere = hasProgress.withLock { hasProgress in
            defer { hasProgress = false }
            return hasProgress
        }
        if isThere { write("\r\u{1B}[2K", to: STDERR_FILENO) }
    }

    /// Writes all of `text`. A closed pipe ends the process quietly, as it does other tools; a result that cannot be written
    /// for another reason ends it with an error.
    static func write(_ text: String, to descriptor: Int32) { write(bytes: text.utf8, to: descriptor) }

    /// Writes all of `bytes`, as ``write(_:to:)`` does.
    static func write(bytes: some Sequence<UInt8>, to descriptor: Int32 = STDOUT_FILENO) {
        var bytes = Array(bytes)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
                continue
            }
            guard count > 0 else {
                if descriptor == STDOUT_FILENO { lost(errno) }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Ends the process, whose results nobody gets any more.
    private static func lost(_ code: Int32) -> Never {
        if code == EPIPE {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        note("error: Cannot write to standard output: \(String(cString: strerror(code)))")
        Glibc.exit(ExitCode.failure.rawValue)
    }

    /// Ends the process of a command that failed, with a message that says what to do.
    static func exit(with error: any Error) -> Never {
        endProgress()
        let code = SkerryCommand.exitCode(for: error)
        // Who asks for help gets that as an error too.
        if error is ExitCode || code == .success { SkerryCommand.exit(withError: error) }
        note("error: \(sentence(error))")
        Glibc.exit(code.rawValue)
    }

    /// Ends the process because of a command line that could not be understood, with how it is used.
    static func exit(withParsing error: any Error) -> Never {
        let code = SkerryCommand.exitCode(for: error)
        if code == .success { SkerryCommand.exit(withError: error) }
        let text = SkerryCommand.fullMessage(for: error)
        note(text.hasPrefix("Error: ") ? "error: " + text.dropFirst("Error: ".count) : text)
        Glibc.exit(code.rawValue)
    }

    /// An error as people read it: what it says, and behind that its code, with which errors describe themselves first. It may
    /// repeat what a server, a file or another node said.
    static func sentence(_ error: any Error) -> String {
        if let error = error as? CocoaError {
            return safe(SystemFailure.reason(error) + (error.filePath.map { " (\($0))" } ?? ""))
        }
        let text = safe("\(error)")
        guard let colon = text.firstRange(of: ": ") else { return text }
        let code = text[..<colon.lowerBound]
        let isCode = code.contains("/") && code.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-/".contains($0) }
        return isCode ? "\(text[colon.upperBound...]) (\(code))" : text
    }
}

/// Sizes and times as people read them.
enum Human {
    static func bytes(_ count: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit] as NSString)
    }

    static func seconds(_ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        return seconds < 1 ? String(format: "%.0f ms", seconds * 1_000) : String(format: "%.2f s", seconds)
    }

    /// A span of time from seconds to days, to two digits or so.
    static func time(milliseconds: UInt64) -> String {
        let seconds = Double(milliseconds) / 1_000
        switch seconds {
        case ..<120: return String(format: "%.0f s", seconds)
        case ..<7_200: return String(format: "%.0f min", seconds / 60)
        case ..<172_800: return String(format: "%.0f h", seconds / 3_600)
        default: return String(format: "%.0f days", seconds / 86_400)
        }
    }

    static func rate(_ bytes: Int, _ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        return seconds > 0 ? "\(Human.bytes(Int(Double(bytes) / seconds)))/s" : "–"
    }

    /// A time here, to the second.
    static func date(milliseconds: Int64) -> String {
        let parts = local(milliseconds)
        return String(
            format: "%04d-%02d-%02d %02d:%02d:%02d", parts.tm_year + 1_900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour, parts.tm_min, parts.tm_sec)
    }

    /// A time of the day here, to the millisecond.
    static func clock(milliseconds: Int64) -> String {
        let parts = local(milliseconds)
        return String(
            format: "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min, parts.tm_sec, Int32(milliseconds % 1_000))
    }

    /// A `DateFormatter` takes half a millisecond for it, and lists have a time in each line.
    private static func local(_ milliseconds: Int64) -> tm {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts
    }

    /// A number of things: `1 blob`, `2 blobs`.
    static func count(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }

    /// Columns padded to equal width, two spaces between; no spaces at the end of a line. Cells may be others' texts: a row
    /// is one line, without what moves the cursor.
    static func table(_ rows: [[String]]) -> [String] {
        let rows = rows.map { row in
            row.map { Terminal.safe($0).replacing("\n", with: " ").replacing("\t", with: " ") }
        }
        guard let columns = rows.map(\.count).max() else { return [] }
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                cell.padding(toLength: max(widths[index], cell.count), withPad: " ", startingAt: 0)
            }
            var line = cells.joined(separator: "  ")[...]
            while line.last == " " { line.removeLast() }
            return String(line)
        }
    }
}
