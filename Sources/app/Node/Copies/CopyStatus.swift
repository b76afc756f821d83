import Identity
import Ledger

/// One release of a name, of which some nodes are to hold a copy.
struct ReleaseCopy: Hashable, Sendable {
    let name: AppName
    let release: ReleaseID
    let manifest: BlobID
}

/// What a node says of its copy of a release.
struct CopyStatus: Hashable, Sendable {
    /// Every blob of it is on its disk.
    var isReady = false
    /// It is ready, or the node knows of no lack of room that would keep it from becoming so.
    var hasRoom = true
    /// The node counts itself among those that are to hold the release, and goes on keeping what it has of it.
    var keeps = false
}
