import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The files of the logs: `<folder>/<owner>/<name>/<number>.log`, lines of JSON. Not for use by two threads at once.
///
/// A file that a crash tore is never appended to: the next start begins a new one, and readers leave torn lines out.
final class LogFolder {
    private struct Open {
        var number: Int
        var byteCount: Int
    }

    private let path: String
    private let limits: LogLimits
    private var open: [String: Open] = [:]
    private var appBytes: [String: Int] = [:]
    private var totalBytes = 0
    private var isMeasured = false

    init(_ path: String, limits: LogLimits) {
        self.path = path
        self.limits = limits
    }

    /// Whether an app's name can stand for a folder: `owner/name` of letters, digits and hyphens.
    static func isApp(_ app: String) -> Bool {
        let parts = app.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && app.utf8.count <= 256
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { $0 == 0x2D || isDigit($0) || (0x61...0x7A).contains($0 | 0x20) }
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    // MARK: Writing

    /// Appends lines; when this returns, the kernel has them.
    ///
    /// - Throws: `CocoaError` or `POSIXError` if they cannot be written.
    func append(_ bytes: [UInt8], to app: String) throws {
        try measure()
        var current = open[app] ?? Open(number: (numbers(of: app).last ?? 0) + 1, byteCount: 0)
        if current.byteCount > 0, current.byteCount + bytes.count > limits.maxFileBytes {
            current = Open(number: current.number + 1, byteCount: 0)
        }
        let file = path(app, current.number)
        if current.byteCount == 0 {
            try FileManager.default.createDirectory(
                atPath: path + "/" + app, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // What follows a torn line would be lost with it.
                open[app] = nil
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
            written += count
        }
        current.byteCount += bytes.count
        open[app] = current
        appBytes[app, default: 0] += bytes.count
        totalBytes += bytes.count
        trim(app)
    }

    private func trim(_ app: String) {
        while appBytes[app, default: 0] > limits.maxAppBytes, removeOldest(of: app) {}
        guard totalBytes > limits.maxTotalBytes else { return }
        // A tenth more than needed: looking through all files is rare then.
        for (_, app) in oldestFirst() {
            guard totalBytes > limits.maxTotalBytes / 10 * 9 else { return }
            _ = removeOldest(of: app)
        }
    }

    /// Removes the oldest file of an app, though not the one that is being written.
    private func removeOldest(of app: String) -> Bool {
        guard let number = numbers(of: app).first, number != open[app]?.number else { return false }
        let file = path(app, number)
        let size = LogFolder.size(file)
        guard unlink(file) == 0 else { return false }
        appBytes[app, default: 0] -= size
        totalBytes -= size
        if numbers(of: app).isEmpty {
            rmdir(path + "/" + app)
            appBytes[app] = nil
        }
        return true
    }

    /// Every file's app, in the order in which they were last written.
    private func oldestFirst() -> [(time: Date, app: String)] {
        apps().flatMap { app in
            numbers(of: app).map { number in
                let attributes = try? FileManager.default.attributesOfItem(atPath: path(app, number))
                return (attributes?[.modificationDate] as? Date ?? .distantPast, app)
            }
        }.sorted { $0.0 < $1.0 }
    }

    private func measure() throws {
        guard !isMeasured else { return }
        isMeasured = true
        for app in apps() {
            let bytes = numbers(of: app).reduce(0) { $0 + LogFolder.size(path(app, $1)) }
            appBytes[app] = bytes
            totalBytes += bytes
        }
    }

    // MARK: Reading

    /// The newest records behind a sequence, oldest first, at most `limit` of them.
    func records(of app: String, after sequence: UInt64, limit: Int) -> [FunctionLogRecord] {
        guard LogFolder.isApp(app) else { return [] }
        var result: [FunctionLogRecord] = []
        for number in numbers(of: app).reversed() {
            guard let bytes = FileManager.default.contents(atPath: path(app, number)) else { continue }
            let found = LogBook.records(bytes)
            result = found.filter { $0.sequence > sequence } + result
            if result.count >= limit || found.contains(where: { $0.sequence <= sequence }) { break }
        }
        return Array(result.suffix(limit))
    }

    /// The sequence of the last record that can be read; 0 if there is none.
    func lastSequence(of app: String) -> UInt64 {
        for number in numbers(of: app).reversed() {
            guard let bytes = FileManager.default.contents(atPath: path(app, number)) else { continue }
            if let last = LogBook.records(bytes).map(\.sequence).max() { return last }
        }
        return 0
    }

    private func apps() -> [String] {
        let owners = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return owners.flatMap { owner in
            ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + owner)) ?? []).map { "\(owner)/\($0)" }
        }.filter(LogFolder.isApp)
    }

    private func numbers(of app: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/" + app)) ?? []
        return names.filter { $0.hasSuffix(".log") }.compactMap { Int($0.dropLast(4)) }.filter { $0 > 0 }.sorted()
    }

    private func path(_ app: String, _ number: Int) -> String { "\(path)/\(app)/\(number).log" }

    private static func size(_ file: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
    }
}
