import Glibc

/// Domains in their ASCII form (UTS #46 with the options of the URL Standard, section 3.3), by the library that the
/// engine itself uses for Unicode.
///
/// That library's symbols end with its major version, so they are looked up by name. It reads no file.
struct DomainNames {
    /// Nil where the library is none that we know.
    // Immutable, and the library's processors may be used by several threads.
    nonisolated(unsafe) static let shared = DomainNames()

    /// Longest name in UTF-16 units: encoding a label takes time that grows with the square of its length.
    static let maxUnits = 4_096

    private static let majorVersions = 50..<200
    private static let checkBidi: UInt32 = 4
    private static let checkContextJ: UInt32 = 8
    private static let nontransitionalToASCII: UInt32 = 16
    private static let nontransitionalToUnicode: UInt32 = 32
    /// Empty and long labels, long names, and hyphens at the start, at the end, or third and fourth: all allowed.
    private static let ignoredErrors: UInt32 = 0x3f

    /// The layout of the library's `UIDNAInfo`.
    private struct Info {
        var size: Int16 = 16
        var isTransitionalDifferent: UInt8 = 0
        var reserved1: UInt8 = 0
        var errors: UInt32 = 0
        var reserved2: Int32 = 0
        var reserved3: Int32 = 0
    }

    private typealias Open = @convention(c) (UInt32, UnsafeMutablePointer<Int32>) -> OpaquePointer?
    private typealias Convert =
        @convention(c) (
            OpaquePointer, UnsafePointer<UInt16>, Int32, UnsafeMutablePointer<UInt16>, Int32, UnsafeMutableRawPointer,
            UnsafeMutablePointer<Int32>
        ) -> Int32

    private let processor: OpaquePointer
    private let convert: Convert

    private init?() {
        for version in Self.majorVersions {
            guard let open = dlsym(nil, "uidna_openUTS46_\(version)"),
                let convert = dlsym(nil, "uidna_nameToASCII_\(version)")
            else { continue }
            var status: Int32 = 0
            let options =
                Self.checkBidi | Self.checkContextJ | Self.nontransitionalToASCII | Self.nontransitionalToUnicode
            guard let processor = unsafeBitCast(open, to: Open.self)(options, &status), status <= 0 else { return nil }
            self.processor = processor
            self.convert = unsafeBitCast(convert, to: Convert.self)
            return
        }
        return nil
    }

    /// Lends the ASCII form of a name; nil when the name is not valid, or longer than ``maxUnits``.
    func withASCII<Result>(
        of name: UnsafeBufferPointer<UInt16>, _ body: (UnsafeBufferPointer<UInt16>?) -> Result
    ) -> Result {
        guard let start = name.baseAddress, name.count <= Self.maxUnits else { return body(nil) }
        // A mapped character is at most 18 long, and each takes at most 6 digits of Punycode; more is an error.
        let capacity = 8 * Self.maxUnits
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: capacity) { output in
            guard let room = output.baseAddress else { return body(nil) }
            var info = Info()
            var status: Int32 = 0
            let length = convert(processor, start, Int32(name.count), room, Int32(capacity), &info, &status)
            let isValid = status <= 0 && info.errors & ~Self.ignoredErrors == 0 && (0...capacity).contains(Int(length))
            return body(isValid ? UnsafeBufferPointer(start: room, count: Int(length)) : nil)
        }
    }
}
