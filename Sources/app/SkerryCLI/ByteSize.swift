import ArgumentParser

/// A number of bytes as people write it: `1000000`, `20GB`, `512MiB`.
struct ByteSize: ExpressibleByArgument, Equatable {
    let bytes: Int

    private static let units: [(suffix: String, bytes: Int)] = [
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000), ("b", 1),
    ]

    init?(argument: String) {
        let text = argument.lowercased()
        let unit = ByteSize.units.first { text.hasSuffix($0.suffix) }
        guard let number = Int(text.dropLast(unit?.suffix.count ?? 0)), number > 0 else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: unit?.bytes ?? 1)
        guard !isTooLarge else { return nil }
        self.bytes = bytes
    }
}
