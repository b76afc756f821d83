/// Decides what becomes of a layer's entries, one after the other, without touching a disk.
///
/// It remembers every path of the layer, so that nothing is written twice or through a link, whatever the order. What
/// writes the files (``LayerFolder``) follows no link either: two locks on one door.
struct LayerPlan {
    private enum Known {
        case folder
        /// Only named as part of other paths so far.
        case impliedFolder
        case file
        case symbolicLink
    }

    private let limits: LayerLimits
    private var known: [[UInt8]: Known] = [:]
    private var pathBytes = 0
    /// Whiteouts and opaque folders; carried out at the end, since the order in the tar means nothing.
    private var hidden: [LayerStep] = []
    private var hiddenPaths: Set<[UInt8]> = []
    /// The folder of the entry before: most entries are in the same one.
    private var checkedFolder = LayerPath(parts: [])

    /// Whether the layer hides all that is in the layers below.
    private(set) var hidesAllBelow = false

    private static let whiteout = Array(".wh.".utf8)
    private static let opaque = Array(".wh..wh..opq".utf8)
    /// What old file systems wrote for their own use.
    private static let leftovers: Set<[UInt8]> = [
        Array(".wh..wh.aufs".utf8), Array(".wh..wh.orph".utf8), Array(".wh..wh.plnk".utf8),
    ]

    init(limits: LayerLimits) { self.limits = limits }

    /// What to do for an entry; nil for nothing, or not yet.
    ///
    /// - Throws: ``ImageError`` `.absolutePath`, `.pathTraversal`, `.nameTooLong`, `.badName`, `.throughLink`, `.duplicate`,
    ///   `.device`, `.badLink`, `.badWhiteout`, `.tooLarge`.
    mutating func on(_ entry: TarEntry) throws(ImageError) -> LayerStep? {
        let path = try LayerPath(entry.name, "The entry")
        if case .special(let type) = entry.kind {
            let kind = type == "6" ? "a named pipe" : "a device"
            throw ImageError(
                .device, "\(path) is \(kind), which images may not bring; machines get the devices they may use")
        }
        guard let name = path.parts.last else {
            guard entry.kind == .folder else { throw ImageError(.badName, "An entry without a name is no folder") }
            return try step(.folder, path, entry)
        }
        try checkFolders(path)
        if name.starts(with: Self.whiteout) { return try hide(path, name, entry) }
        switch entry.kind {
        case .folder:
            try remember(path, .folder)
            return try step(.folder, path, entry)
        case .file:
            try remember(path, .file)
            return try step(.file, path, entry)
        case .symbolicLink:
            try remember(path, .symbolicLink)
            guard (1...LayerLimits.maxPathBytes).contains(entry.target.count) else {
                throw ImageError(
                    entry.target.isEmpty ? .badLink : .nameTooLong,
                    "\(path) links to a path of \(entry.target.count) bytes; 1 to \(LayerLimits.maxPathBytes) are possible"
                )
            }
            return try step(.symbolicLink(entry.target), path, entry)
        case .hardLink:
            let target = try LayerPath(entry.target, "The hard link \(path) to")
            try checkFolders(target)
            switch known[target.bytes] {
            case .file: try remember(path, .file)
            case .symbolicLink: try remember(path, .symbolicLink)
            case .folder, .impliedFolder: throw ImageError(.badLink, "\(path) is a hard link to the folder \(target)")
            case nil:
                throw ImageError(
                    .badLink, "\(path) is a hard link to \(target), which does not come before it in the layer")
            }
            return try step(.hardLink(target), path, entry)
        case .special: return nil
        }
    }

    /// What remains to be done when all entries are in: what the layer hides of those below.
    mutating func finish() -> [LayerStep] {
        defer { hidden = [] }
        return hidden.compactMap { step in
            guard step.action == .whiteout else { return step }
            switch known[step.path.bytes] {
            case nil: return step
            // Both deleted and there: it begins anew.
            case .folder, .impliedFolder:
                var step = step
                step.action = .opaque
                return step
            // It hides what is below by being there.
            case .file, .symbolicLink: return nil
            }
        }
    }

    /// Folders that no entry describes: root's, for all to enter. One that lower layers have gets these too where layers
    /// are put on each other, so builders name every folder above what they bring.
    var impliedFolders: [LayerStep] {
        known.compactMap { path, kind in
            guard kind == .impliedFolder else { return nil }
            return LayerStep(
                action: .folder, path: LayerPath(joined: path), mode: 0o755, user: 0, group: 0,
                modified: .init(seconds: 0, nanoseconds: 0))
        }
    }

    private func step(_ action: LayerStep.Action, _ path: LayerPath, _ entry: TarEntry) throws(ImageError) -> LayerStep
    {
        let kept: UInt32 = action == .folder ? 0o7777 : 0o1777
        return LayerStep(
            action: action, path: path, mode: entry.mode & kept, user: entry.user, group: entry.group,
            modified: entry.modified)
    }

    // MARK: Hiding

    private mutating func hide(_ path: LayerPath, _ name: [UInt8], _ entry: TarEntry) throws(ImageError) -> LayerStep? {
        if Self.leftovers.contains(name) { return nil }
        let target: LayerPath
        let action: LayerStep.Action
        if name == Self.opaque {
            (target, action) = (path.parent, .opaque)
        } else {
            let hiddenName = Array(name.dropFirst(Self.whiteout.count))
            guard !hiddenName.isEmpty, !hiddenName.elementsEqual(".".utf8), !hiddenName.elementsEqual("..".utf8),
                !hiddenName.starts(with: Self.whiteout)
            else { throw ImageError(.badWhiteout, "\(path) hides no name that a file can have") }
            (target, action) = (path.parent.appending(hiddenName), .whiteout)
        }
        guard entry.kind == .file, entry.size == 0 else {
            throw ImageError(.badWhiteout, "\(path) hides something and so must be an empty file")
        }
        guard hiddenPaths.insert(path.bytes).inserted else {
            throw ImageError(.duplicate, "\(path) occurs twice in the layer")
        }
        try count(path.bytes)
        if target.isRoot {
            hidesAllBelow = true
            return nil
        }
        hidden.append(try step(action, target, entry))
        return nil
    }

    // MARK: Paths

    private mutating func remember(_ path: LayerPath, _ kind: Known) throws(ImageError) {
        let bytes = path.bytes
        switch (known[bytes], kind) {
        case (nil, _): try count(bytes)
        // Folders that are named again only get other metadata; some builders do it.
        case (.impliedFolder, .folder), (.folder, .folder): break
        case (_, _): throw ImageError(.duplicate, "\(path) occurs twice in the layer")
        }
        known[bytes] = kind
    }

    /// Every part before the last must be a folder of this layer, or not be there yet.
    private mutating func checkFolders(_ path: LayerPath) throws(ImageError) {
        let folder = path.parent
        if folder == checkedFolder { return }
        var bytes: [UInt8] = []
        for part in folder.parts {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "/")) }
            bytes += part
            switch known[bytes] {
            case .folder, .impliedFolder: break
            case nil:
                try count(bytes)
                known[bytes] = .impliedFolder
            case .symbolicLink, .file:
                throw ImageError(
                    .throughLink,
                    "\(path) leads through \(LayerPath(joined: bytes)), which is no folder in this layer"
                )
            }
        }
        checkedFolder = folder
    }

    private mutating func count(_ path: [UInt8]) throws(ImageError) {
        pathBytes += path.count
        guard pathBytes <= limits.maxTotalPathBytes else {
            throw ImageError(
                .tooLarge, "The layer's paths have more than \(limits.maxTotalPathBytes) bytes together; split it")
        }
    }
}
