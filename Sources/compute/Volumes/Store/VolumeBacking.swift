/// How a volume lies on the host's disk.
public enum VolumeBacking: String, Sendable, Codable, CaseIterable {
    /// A file of the volume's size with an ext4 of its own, mounted through a loop device: a machine that writes more than
    /// its volume holds gets ENOSPC, and nobody else is touched. Needs root, loop devices, `mkfs.ext4` and `mount`.
    case disk
    /// A folder. What it holds is measured, and nothing stops a machine that writes more.
    case folder
}
