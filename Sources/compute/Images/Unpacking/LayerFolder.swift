import CLinux
import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes a layer into an empty folder.
///
/// Every path is walked name by name from the open root without following links, so nothing outside the folder can be
/// reached, whatever the layer or another process put there. Used by one thread at a time.
final class LayerFolder {
    /// Whose files they become.
    enum Ownership: Sendable, Hashable {
        /// Of this process: it may not give files away.
        case own
        /// As the tar says, moved by a number: 0, or where a machine's user namespace begins.
        case shifted(by: UInt32)
    }

    private let root: OpenFolder
    private let form: UnpackedImage.Form
    private let ownership: Ownership
    private var plan: LayerPlan
    private var file: (descriptor: CInt, step: LayerStep)?
    /// Set last, deepest first: writing into folders changes their times, and some modes forbid it.
    private var folders: [LayerStep] = []
    private var recent: (path: LayerPath, folder: OpenFolder)?

    /// What was hidden, when the form has no other place for it (``UnpackedImage/Form/flat``).
    private(set) var hidden = HiddenNames()
    /// What the files take on the disk, about, in bytes.
    private(set) var diskBytes = 0
    private(set) var entryCount = 0
    private static let pageBytes = 4_096

    /// - Parameter root: An empty folder.
    init(_ root: OpenFolder, form: UnpackedImage.Form, ownership: Ownership, limits: LayerLimits) {
        self.root = root
        self.form = form
        self.ownership = ownership
        plan = LayerPlan(limits: limits)
    }

    deinit { if let file { close(file.descriptor) } }

    /// Carries out what is to be done at the end; all is in the folder on return, but not on the disk.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`, `.diskFull`.
    func finish() throws(ImageError) {
        let implied = plan.impliedFolders
        folders += implied
        diskBytes += Self.pageBytes * implied.count
        for step in plan.finish() {
            if form == .flat {
                hidden.add(step)
                continue
            }
            let parent = try folder(step.path.parent)
            if step.action == .whiteout {
                guard let name = step.path.parts.last,
                    name.withCString({ skerry_make_whiteout(parent.number, $0) }) == 0
                else { throw ImageError.file("hide", step.path.description) }
            } else {
                let target = try folder(step.path)
                guard skerry_set_attribute(target.number, form.opaqueAttribute, "y") == 0 else {
                    throw ImageError.file("mark as opaque", step.path.description)
                }
            }
        }
        hidden.hidesAllBelow = plan.hidesAllBelow
        recent = nil
        for (_, step) in folders.map({ ($0.path.depth, $0) }).sorted(by: { $0.0 > $1.0 }) {
            guard let name = step.path.parts.last else {
                try setMetadata(of: root.number, step)
                continue
            }
            // By way of the folder around it, which neighbours share and whose own turn comes later.
            guard let folder = try folder(step.path.parent).folderMade(name) else { throw through(step.path) }
            try setMetadata(of: folder.number, step)
        }
    }

    // MARK: Folders

    /// An open folder, made with all above it where it is not there yet.
    private func folder(_ path: LayerPath) throws(ImageError) -> OpenFolder {
        if let recent, recent.path == path { return recent.folder }
        var current = root
        var rest = path.parts[...]
        if let recent {
            let known = recent.path.parts
            if rest.starts(with: known) {
                current = recent.folder
                rest = rest.dropFirst(known.count)
            }
        }
        for part in rest {
            guard let next = current.folderMade(part) else { throw through(path) }
            current = next
        }
        recent = (path, current)
        return current
    }

    private func through(_ path: LayerPath) -> ImageError {
        let number = errno
        if number == ELOOP || number == ENOTDIR {
            return ImageError(.throughLink, "\(path) leads through something that is no folder")
        }
        return ImageError.file("make the folder", path.description, number)
    }

    // MARK: Entries

    private func carryOut(_ step: LayerStep) throws(ImageError) {
        guard let name = step.path.parts.last else {
            folders.append(step)
            return
        }
        let parent = try folder(step.path.parent)
        diskBytes += Self.pageBytes
        switch step.action {
        case .folder:
            // Writable until the end, and there even if nothing is ever put into it.
            _ = try folder(step.path)
            folders.append(step)
        case .file:
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let descriptor = name.withCString { openat(parent.number, $0, flags, 0o600) }
            guard descriptor >= 0 else { throw ImageError.file("write", step.path.description) }
            file = (descriptor, step)
        case .symbolicLink(let target):
            guard target.withCString({ target in name.withCString { symlinkat(target, parent.number, $0) } }) == 0
            else { throw ImageError.file("make the link", step.path.description) }
            if case .shifted(let base) = ownership {
                let user = try shifted(step.user, by: base, step)
                let group = try shifted(step.group, by: base, step)
                guard name.withCString({ fchownat(parent.number, $0, user, group, AT_SYMLINK_NOFOLLOW) }) == 0 else {
                    throw ImageError.file("set the owner of", step.path.description)
                }
            }
            guard name.withCString({ utimensat(parent.number, $0, step.times, AT_SYMLINK_NOFOLLOW) }) == 0 else {
                throw ImageError.file("set the time of", step.path.description)
            }
        case .hardLink(let target):
            guard let targetName = target.parts.last else {
                throw ImageError(.badLink, "\(step.path) links to the root")
            }
            // The parent's own descriptor: opening the target's folder may replace the remembered one.
            let targetParent = try folder(target.parent)
            let status = targetName.withCString { from in
                name.withCString { linkat(targetParent.number, from, parent.number, $0, 0) }
            }
            guard status == 0 else { throw ImageError.file("make the hard link", step.path.description) }
        case .whiteout, .opaque: break
        }
    }

    private func setMetadata(of descriptor: CInt, _ step: LayerStep) throws(ImageError) {
        if case .shifted(let base) = ownership {
            let user = try shifted(step.user, by: base, step)
            guard fchown(descriptor, user, try shifted(step.group, by: base, step)) == 0 else {
                throw ImageError.file("set the owner of", step.path.description)
            }
        }
        // Behind the owner, which takes bits away.
        guard fchmod(descriptor, step.mode) == 0 else {
            throw ImageError.file("set the permissions of", step.path.description)
        }
        guard futimens(descriptor, step.times) == 0 else {
            throw ImageError.file("set the time of", step.path.description)
        }
    }

    private func shifted(_ id: UInt32, by base: UInt32, _ step: LayerStep) throws(ImageError) -> UInt32 {
        let (sum, overflow) = id.addingReportingOverflow(base)
        guard !overflow, sum < .max else {
            throw ImageError(.badTar, "\(step.path) has the owner or group \(id), which machines cannot have")
        }
        return sum
    }
}

extension LayerFolder: TarConsumer {
    func begin(_ entry: TarEntry) throws(ImageError) {
        entryCount += 1
        guard let step = try plan.on(entry) else { return }
        try carryOut(step)
    }

    func content(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        guard let file else { return }
        diskBytes += bytes.count
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = write(file.descriptor, part.baseAddress, part.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw ImageError.file("write", file.step.path.description)
            }
            rest = rest.dropFirst(count)
        }
    }

    func end() throws(ImageError) {
        guard let file else { return }
        self.file = nil
        defer { close(file.descriptor) }
        try setMetadata(of: file.descriptor, file.step)
    }
}

extension LayerStep {
    /// Access and modification, as the kernel takes them.
    fileprivate var times: [timespec] {
        [timespec](repeating: timespec(tv_sec: Int(modified.seconds), tv_nsec: modified.nanoseconds), count: 2)
    }
}

extension UnpackedImage.Form {
    /// The attribute of a folder that hides what lower layers have in it.
    var opaqueAttribute: String { self == .user ? "user.overlay.opaque" : "trusted.overlay.opaque" }
}
