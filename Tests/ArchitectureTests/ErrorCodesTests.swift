import Foundation
import Testing

/// Error codes, and what `docs/errors.md` says to do about them.
@Suite("Error codes")
struct ErrorCodesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Of the control API's paths: these look like codes and are none.
    private static let paths: Set = ["cache/purges", "channels/settlement", "ledger/certificate", "ledger/handovers"]

    private static func matches(_ expression: Regex<(Substring, Substring)>, in text: some StringProtocol) -> Set<
        String
    > {
        Set(String(text).matches(of: expression).map { String($0.1) })
    }

    private static func area(_ code: String) -> String { String(code.prefix { $0 != "/" }) }

    @Test("The documentation says of every code what to do, and names none that there is not")
    func documented() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("docs/errors.md"), encoding: .utf8)
        let written = Self.matches(/`([a-z][a-z0-9-]*\/[a-z][a-z-]*)`/, in: text).subtracting(["area/what"])
        let general = Self.matches(/`([a-z][a-z0-9-]*)\/\*`/, in: text)
        let areas = Set(written.map(Self.area)).union(general)
        let quoted = /"([a-z][a-z0-9-]*\/[a-z][a-z-]*)"/
        var codes: Set<String> = []
        let files = FileManager.default.enumerator(
            at: Self.root.appendingPathComponent("Sources"), includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            // Types of images look like codes too.
            guard file.pathExtension == "swift", file.lastPathComponent != "MediaType.swift" else { continue }
            let source = try String(contentsOf: file, encoding: .utf8)
            // Few lines have a quote at all, and expressions are slow.
            for bytes in source.utf8.split(separator: UInt8(ascii: "\n")) where bytes.contains(UInt8(ascii: "\"")) {
                let line = Substring(bytes)
                guard !line.drop(while: { $0 == " " }).hasPrefix("//") else { continue }
                codes.formUnion(Self.matches(quoted, in: line))
            }
        }
        // Origins' codes are put together from two parts.
        codes = codes.filter { areas.contains(Self.area($0)) }.subtracting(Self.paths)
        #expect(codes.count > 300)
        let missing = codes.filter { !written.contains($0) && !general.contains(Self.area($0)) }
        #expect(missing.isEmpty, "docs/errors.md does not have \(missing.sorted())")
        let extra = written.subtracting(codes).filter { !$0.hasPrefix("origin/") }
        #expect(extra.isEmpty, "there is no \(extra.sorted())")
    }
}
