import CLinux
import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The user as whom an image's program runs, in numbers.
public struct ImageUser: Sendable, Hashable {
    public var user: UInt32
    public var group: UInt32
    /// Further groups, in order.
    public var groups: [UInt32]
}

extension UnpackedImage {
    /// Largest `/etc/passwd` or `/etc/group` that is read, in bytes.
    private static let maxFileBytes = 1 << 20

    /// Finds a user in the image (OCI Image 1.1, "Image Configuration", `User`); blocks.
    ///
    /// - Parameter text: `user`, `uid`, `user:group`, `uid:gid` and mixtures; empty for root. A number need not be known to
    ///   the image; without a group it gets that of `/etc/passwd`, else 0.
    /// - Throws: ``ImageError`` `.unknownUser`, `.ioFailed`.
    public func user(_ text: String) throws(ImageError) -> ImageUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let groupName = parts.count == 2 && !parts[1].isEmpty ? parts[1] : nil
        let known = try lines("passwd").first { fields in
            fields.count >= 4 && (fields[0] == name || UInt32(name) != nil && fields[2] == name)
        }
        let found = known.flatMap { fields in UInt32(fields[2]).map { ($0, UInt32(fields[3]) ?? 0) } }
        guard let user = found?.0 ?? UInt32(name), user < .max else {
            throw ImageError(
                .unknownUser,
                "The image runs as \"\(text.prefix(100))\", but its /etc/passwd has no such user; build it with one that it has"
            )
        }
        guard let groupName else {
            return ImageUser(user: user, group: found?.1 ?? 0, groups: try groups(of: known?[0]))
        }
        let group =
            try lines("group").first { $0.count >= 3 && $0[0] == groupName }.flatMap { UInt32($0[2]) }
            ?? UInt32(groupName)
        guard let group, group < .max else {
            throw ImageError(
                .unknownUser,
                "The image runs as \"\(text.prefix(100))\", but its /etc/group has no such group; build it with one that it has"
            )
        }
        return ImageUser(user: user, group: group, groups: try groups(of: known?[0]))
    }

    private func groups(of user: String?) throws(ImageError) -> [UInt32] {
        guard let user else { return [] }
        return try lines("group").compactMap { fields in
            guard fields.count >= 4, fields[3].split(separator: ",").contains(Substring(user)) else { return nil }
            return UInt32(fields[2])
        }.sorted()
    }

    /// The fields of the lines of a file in `/etc`; none if there is no such file.
    private func lines(_ name: String) throws(ImageError) -> [[String]] {
        guard let bytes = try file(name) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// What a program in the machine would find; no link is followed, on the way or at the end.
    private func file(_ name: String) throws(ImageError) -> [UInt8]? {
        let folderName = Array("etc".utf8)
        let fileName = Array(name.utf8)
        for path in layers.reversed() {
            let root = try OpenFolder.at(path)
            guard let folder = root.folder(folderName) else {
                if root.kind(folderName) == nil { continue }
                return nil
            }
            switch folder.kind(fileName) {
            case .file: return try read(folder, fileName)
            // Hidden by this layer, or something that a node does not follow.
            case .folder, .link, .other: return nil
            case nil: if skerry_has_attribute(folder.number, form.opaqueAttribute) == 1 { return nil }
            }
        }
        return nil
    }

    private func read(_ folder: OpenFolder, _ name: [UInt8]) throws(ImageError) -> [UInt8] {
        let descriptor = folder.file(name)
        guard descriptor >= 0 else { throw ImageError.file("read", String(decoding: name, as: UTF8.self)) }
        let file = try ReadableFile(descriptor: descriptor, name: String(decoding: name, as: UTF8.self))
        return try FileRegion(file: file, offset: 0, byteCount: file.byteCount)
            .bytes(limit: Self.maxFileBytes, "image's /etc/\(String(decoding: name, as: UTF8.self))")
    }
}
