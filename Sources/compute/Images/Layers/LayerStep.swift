/// One thing to do in a layer's folder.
///
/// What a layer may set, and what becomes of the rest:
/// - Owner, group, permissions, times: as the tar says. Set-user and set-group bits of files are dropped, since machines
///   run without new privileges, where they have no effect, and on the host they would be a weapon. Folders keep theirs,
///   and the sticky bit stays.
/// - Extended attributes: dropped, file capabilities among them (the same reason), and overlay's own, which would let
///   an image point into other images' folders.
/// - Targets of symbolic links: as written, absolute and with `..` too. Programs follow them inside the machine, whose
///   root ends there; nothing of the node follows them.
struct LayerStep: Hashable, Sendable {
    enum Action: Hashable, Sendable {
        case folder
        case file
        case symbolicLink([UInt8])
        /// To another file of the same layer.
        case hardLink(LayerPath)
        /// Overlay's form of a deleted name.
        case whiteout
        /// Hides what lower layers have in this folder.
        case opaque
    }

    var action: Action
    var path: LayerPath
    var mode: UInt32
    var user: UInt32
    var group: UInt32
    var modified: TarEntry.Time
}

/// A path inside a layer: parts that are names, none of them `.` or `..`. No part stands for the layer's root.
struct LayerPath: Hashable, Sendable, CustomStringConvertible {
    /// Its parts joined with slashes; empty for the root. One array, since a layer may have hundreds of thousands of paths.
    let bytes: [UInt8]

    init(parts: [[UInt8]]) { bytes = Array(parts.joined(separator: [LayerPath.slash])) }

    /// - Parameter bytes: As another path has them.
    init(joined bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    private static let slash = UInt8(ascii: "/")

    /// - Parameters:
    ///   - name: As the tar has it.
    ///   - place: What it is, for messages.
    /// - Throws: ``ImageError`` `.absolutePath`, `.pathTraversal`, `.nameTooLong`.
    init(_ name: [UInt8], _ place: String) throws(ImageError) {
        let text = { "\(place) \"\(String(decoding: name.prefix(200), as: UTF8.self))\"" }
        guard name.count <= LayerLimits.maxPathBytes else {
            throw ImageError(
                .nameTooLong, "\(text())… has \(name.count) bytes; Linux takes \(LayerLimits.maxPathBytes)")
        }
        guard name.first != UInt8(ascii: "/") else {
            throw ImageError(.absolutePath, "\(text()) is absolute; names in a layer are relative to its root")
        }
        var parts: [[UInt8]] = []
        for part in name.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            guard !part.elementsEqual("..".utf8) else {
                throw ImageError(.pathTraversal, "\(text()) leads out of its folder with \"..\"")
            }
            guard part.count <= LayerLimits.maxNameBytes else {
                throw ImageError(
                    .nameTooLong,
                    "\(text()) has a part of \(part.count) bytes; file systems take \(LayerLimits.maxNameBytes)")
            }
            parts.append(Array(part))
        }
        guard parts.count <= LayerLimits.maxDepth else {
            throw ImageError(
                .nameTooLong, "\(text()) is \(parts.count) folders deep; the limit is \(LayerLimits.maxDepth)")
        }
        self.init(parts: parts)
    }

    var isRoot: Bool { bytes.isEmpty }
    var parts: [[UInt8]] { bytes.split(separator: LayerPath.slash).map(Array.init) }
    /// The number of parts.
    var depth: Int { isRoot ? 0 : bytes.count { $0 == LayerPath.slash } + 1 }
    var parent: LayerPath { LayerPath(joined: bytes[..<(bytes.lastIndex(of: LayerPath.slash) ?? 0)]) }

    func appending(_ part: [UInt8]) -> LayerPath {
        LayerPath(joined: isRoot ? part : bytes + [LayerPath.slash] + part)
    }

    /// For messages.
    var description: String { isRoot ? "/" : String(decoding: bytes.prefix(200), as: UTF8.self) }
}
