/// An image as folders on this machine, ready to be mounted read-only.
///
/// The folders stay until the holder that unpacked them is released (``ImageUnpacker/release(_:)``), also across
/// restarts of the node.
public struct UnpackedImage: Sendable, Hashable {
    /// How deleted names are written in the folders, which the mount has to agree with.
    public enum Form: String, Sendable, Hashable, Codable {
        /// Whiteouts are character devices 0:0, opaque folders have `trusted.overlay.opaque`: mounts of the first user
        /// namespace read it without an option.
        case trusted
        /// Opaque folders have `user.overlay.opaque`: the mount needs the option `userxattr`.
        case user
        /// The host takes neither, so all layers are in one folder: nothing is hidden, and nothing is shared but whole
        /// images.
        case flat
    }

    /// Absolute paths of the layers' folders, lowest first; at least one. As `lowerdir` of an overlay mount they are
    /// named in the opposite order.
    public var layers: [String]
    /// How its program is run.
    public var config: ImageConfig
    /// How deleted names are written.
    public var form: Form

    /// The options of an overlay mount for these folders: `lowerdir=…`, highest first, and `userxattr` where needed.
    public var mountOptions: [String] {
        // Overlay wants colons and backslashes in paths escaped; commas end an option.
        let paths = layers.reversed().map { path in
            path.replacing("\\", with: "\\\\").replacing(":", with: "\\:").replacing(",", with: "\\,")
        }
        return ["lowerdir=" + paths.joined(separator: ":")] + (form == .user ? ["userxattr"] : [])
    }
}
