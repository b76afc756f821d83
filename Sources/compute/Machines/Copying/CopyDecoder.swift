/// Reads a ``CopyStream`` as it comes. Any bytes are allowed.
public struct CopyDecoder: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0
    private var depth = 0
    private var isInFile = false
    /// The one entry that a stream has at its top was there.
    private var hasEntry = false

    /// The stream has ended; what follows is an error.
    public private(set) var isOver = false

    /// At the beginning of a stream.
    public init() {}

    /// Adds what came.
    public mutating func feed(_ more: some Sequence<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// The next item; nil until more was fed.
    ///
    /// - Throws: `.copyFailed` for bytes that are no stream; the decoder is of no use afterwards.
    public mutating func next() throws(MachineError) -> CopyStream.Item? {
        guard start < bytes.count else { return nil }
        if isOver { throw Self.bad("something follows its end") }
        var input = Input(rest: bytes[start...])
        guard let item = isInFile ? try part(&input) : try entry(&input) else { return nil }
        start = bytes.count - input.rest.count
        try follow(item)
        return item
    }

    private func part(_ input: inout Input) throws(MachineError) -> CopyStream.Item? {
        guard let length = input.number(UInt32.self) else { return nil }
        guard length <= CopyStream.maxPartBytes else { throw Self.bad("a part of a file is too long") }
        return input.take(Int(length)).map { .part($0) }
    }

    private func entry(_ input: inout Input) throws(MachineError) -> CopyStream.Item? {
        guard let byte = input.take(1)?.first else { return nil }
        switch CopyStream.Kind(rawValue: byte) {
        case .up: return .up
        case .end: return .end
        case .folder:
            guard let (name, attributes) = try head(&input) else { return nil }
            return .folder(name, attributes)
        case .file:
            guard let (name, attributes) = try head(&input) else { return nil }
            return .file(name, attributes)
        case .link:
            guard let name = try name(&input),
                let target = try text(&input, CopyStream.maxTargetBytes, "a link's target")
            else { return nil }
            return .link(name, target)
        case nil: throw Self.bad("it is no stream of files")
        }
    }

    private func head(_ input: inout Input) throws(MachineError) -> ([UInt8], CopyStream.Attributes)? {
        guard let mode = input.number(UInt32.self), let modified = input.number(Int64.self),
            let name = try name(&input)
        else { return nil }
        return (name, .init(mode: mode, modified: modified))
    }

    private func name(_ input: inout Input) throws(MachineError) -> [UInt8]? {
        guard let name = try text(&input, CopyStream.maxNameBytes, "a name") else { return nil }
        guard !name.contains(UInt8(ascii: "/")), name != [0x2E], name != [0x2E, 0x2E] else {
            throw Self.bad("a name in it is none of a file")
        }
        return name
    }

    private func text(
        _ input: inout Input, _ most: Int, _ what: String
    ) throws(MachineError) -> [UInt8]? {
        guard let length = input.number(UInt16.self) else { return nil }
        guard (1...most).contains(Int(length)) else { throw Self.bad("\(what) in it is empty or too long") }
        guard let text = input.take(Int(length)) else { return nil }
        guard !text.contains(0) else { throw Self.bad("\(what) in it has a NUL byte") }
        return text
    }

    private mutating func follow(_ item: CopyStream.Item) throws(MachineError) {
        if case .part(let bytes) = item {
            if bytes.isEmpty { isInFile = false }
            return
        }
        if case .end = item {
            guard depth == 0, hasEntry else { throw Self.bad("it ends too early") }
            isOver = true
            return
        }
        guard depth > 0 || !hasEntry else { throw Self.bad("there is more than one file or folder in it") }
        hasEntry = true
        switch item {
        case .folder:
            guard depth < CopyStream.maxDepth else { throw Self.bad("folders in it lie too deep") }
            depth += 1
        case .up:
            guard depth > 0 else { throw Self.bad("it ends a folder that has not begun") }
            depth -= 1
        case .file: isInFile = true
        default: break
        }
    }

    private static func bad(_ why: String) -> MachineError {
        MachineError(.copyFailed, "what was sent cannot be read: \(why)")
    }

    /// Bytes from which is taken; nil when there are not so many.
    private struct Input {
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> [UInt8]? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }

        mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
            let width = Number.bitWidth / 8
            guard let bytes = take(width) else { return nil }
            return bytes.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }
    }
}
