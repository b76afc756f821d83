import CLinux
import Cgroups
import Glibc

/// A node's part of the addresses that machines have: 256 of them, claimed on the host so that two nodes of one host
/// never have the same.
struct NetworkBlock: Sendable, Hashable {
    /// Blocks of one host.
    static let count = 128
    /// Machines of one node.
    static let slots = 250

    /// Its number on this host.
    var number: Int
    private static let first: UInt8 = 10
    private static let second: UInt8 = 213

    /// All of it.
    var cidr: String { "\(Self.first).\(Self.second).\(number).0/24" }
    /// What machines know the node by.
    var hostAddress: String { "\(Self.first).\(Self.second).\(number).1" }
    /// The address of a slot.
    func address(_ slot: Int) -> String { "\(Self.first).\(Self.second).\(number).\(slot + 2)" }
    /// The same as a number.
    func addressNumber(_ slot: Int) -> UInt32 {
        UInt32(Self.first) << 24 | UInt32(Self.second) << 16 | UInt32(number) << 8 | UInt32(slot + 2)
    }

    /// Claims a block for the node whose data is in `folder`; the same one again after a restart. A claim ends with its
    /// node and the node's folder. Nil when all are taken.
    static func claim(for folder: String, in claims: String, startingAt hint: Int) -> NetworkBlock? {
        guard makeFolders(claims) else { return nil }
        let own = (0..<count).first { ControlFile.read("\(claims)/\($0)") == folder }
        if let own { return NetworkBlock(number: own) }
        for step in 0..<count {
            let number = (hint + step) % count
            let path = "\(claims)/\(number)"
            if isGone(path) { unlink(path) }
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard file >= 0 else { continue }
            close(file)
            guard ControlFile.write(folder, to: path) == 0 else {
                unlink(path)
                return nil
            }
            return NetworkBlock(number: number)
        }
        return nil
    }

    /// Whether a claim is of a node that is gone: its folder is not there, and nobody holds the claim.
    static func isGone(_ path: String) -> Bool {
        guard let owner = ControlFile.read(path), !owner.isEmpty, access(owner, F_OK) != 0 else { return false }
        return !isHeld(path)
    }

    /// Whether a node that runs has a claim, here or in another mount namespace, in which its folder may be seen.
    static func isHeld(_ path: String) -> Bool {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return skerry_flock_exclusive(file) != 0
    }

    /// Holds it until what comes back is closed, or this process ends. Nil if somebody else does.
    func hold(in claims: String) -> Descriptor? {
        let number = open("\(claims)/\(number)", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(number)
        return skerry_flock_exclusive(number) == 0 ? file : nil
    }
}
