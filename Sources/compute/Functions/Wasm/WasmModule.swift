/// What a WebAssembly module says of itself in its sections (WebAssembly, section 5.5). Whether its code is valid is
/// for the engine to find out.
public struct WasmModule: Sendable, Equatable {
    /// What is imported or exported.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case function = 0
        case table = 1
        case memory = 2
        case global = 3
        case tag = 4
    }

    /// Something that the module needs.
    public struct Import: Sendable, Equatable {
        public let module: String
        public let name: String
        public let kind: Kind
        /// Where it is written, in bytes from the module's beginning.
        public let offset: Int
    }

    /// Something that the module offers.
    public struct Export: Sendable, Equatable {
        public let name: String
        public let kind: Kind
    }

    /// A section that means nothing to the engine.
    public struct Custom: Sendable, Equatable {
        public let name: String
        /// Where its content is, in bytes from the module's beginning.
        public let content: Range<Int>
    }

    /// The longest name, in UTF-8: 64 KiB.
    public static let maxNameBytes = 64 << 10
    /// Imports or exports of one module.
    public static let maxEntries = 100_000
    /// Sections of one module.
    public static let maxSections = 100_000

    /// In the order of the module. What follows one that is no function is left out.
    public private(set) var imports: [Import] = []
    public private(set) var exports: [Export] = []
    /// In the order of the module.
    public private(set) var customSections: [Custom] = []
    /// The flags of the memories that the module makes: 1 has a maximum, 2 is shared, 4 has 64-bit addresses.
    public private(set) var memoryFlags: [UInt8] = []

    private static let magic: [UInt8] = [0x00, 0x61, 0x73, 0x6D]
    private static let version: [UInt8] = [0x01, 0x00, 0x00, 0x00]
    private static let componentVersion: [UInt8] = [0x0D, 0x00, 0x01, 0x00]

    /// Whether bytes begin as a module does. A script never does: it would begin with a zero.
    public static func begins(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: magic) }

    /// Reads a module's sections. Any bytes are allowed.
    ///
    /// - Throws: ``FunctionError`` with ``FunctionError/Code/badModule`` and the place, as `byte 12: …`.
    public init(parsing bytes: [UInt8]) throws(FunctionError) {
        var reader = WasmReader(bytes)
        guard WasmModule.begins(bytes) else { throw reader.error("this is no WebAssembly module") }
        if bytes.dropFirst(4).starts(with: WasmModule.componentVersion) {
            throw reader.error("this is a component (WASI preview 2); build it for preview 1 (wasm32-wasip1)", at: 4)
        }
        guard bytes.dropFirst(4).starts(with: WasmModule.version) else {
            throw reader.error("this is no module of version 1", at: 4)
        }
        _ = try reader.part(8, "the header")
        var seen: Set<UInt8> = []
        var count = 0
        while !reader.isAtEnd {
            count += 1
            guard count <= WasmModule.maxSections else {
                throw reader.error("there are more than \(WasmModule.maxSections) sections")
            }
            let start = reader.offset
            let id = try reader.byte("a section")
            var section = try reader.part(try reader.number("a section's length"), "the section \(id)")
            guard id == 0 || seen.insert(id).inserted else {
                throw reader.error("the section \(id) is there twice", at: start)
            }
            switch id {
            case 0:
                let name = try section.name("a section's name")
                customSections.append(Custom(name: name, content: section.offset..<section.end))
            case 2: try readImports(&section)
            case 5: try readMemories(&section)
            case 7: try readExports(&section)
            default: break
            }
        }
    }

    private mutating func readImports(_ section: inout WasmReader) throws(FunctionError) {
        for _ in 0..<(try WasmModule.count(&section, "imports")) {
            let offset = section.offset
            let module = try section.name("an import's module")
            let name = try section.name("an import's name")
            let kind = try WasmModule.kind(&section, "an import")
            imports.append(Import(module: module, name: name, kind: kind, offset: offset))
            // The types of others have forms that only the engine knows.
            guard kind == .function else { return }
            _ = try section.number("an import's type")
        }
    }

    private mutating func readMemories(_ section: inout WasmReader) throws(FunctionError) {
        for _ in 0..<(try WasmModule.count(&section, "memories")) {
            let flags = try section.byte("a memory's flags")
            memoryFlags.append(flags)
            // Sizes of 64 bits need no reading: such memories are refused for their flags.
            guard flags <= 3 else { return }
            _ = try section.number("a memory's size")
            if flags & 1 != 0 { _ = try section.number("a memory's maximum") }
        }
    }

    private mutating func readExports(_ section: inout WasmReader) throws(FunctionError) {
        for _ in 0..<(try WasmModule.count(&section, "exports")) {
            let name = try section.name("an export's name")
            let kind = try WasmModule.kind(&section, "an export")
            _ = try section.number("an export's index")
            exports.append(Export(name: name, kind: kind))
        }
    }

    private static func count(_ section: inout WasmReader, _ what: String) throws(FunctionError) -> Int {
        let count = try section.number("the number of \(what)")
        guard count <= maxEntries else {
            throw section.error("there are \(count) \(what); at most \(maxEntries) are allowed")
        }
        return count
    }

    private static func kind(_ section: inout WasmReader, _ what: String) throws(FunctionError) -> Kind {
        let offset = section.offset
        let byte = try section.byte("the kind of \(what)")
        guard let kind = Kind(rawValue: byte) else {
            throw section.error("\(what) is of the unknown kind \(byte)", at: offset)
        }
        return kind
    }
}
