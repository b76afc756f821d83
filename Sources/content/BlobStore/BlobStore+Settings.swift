extension BlobStore {
    /// Limits and sizes of a store; all are bytes unless said otherwise.
    public struct Settings: Sendable {
        /// Blobs up to this size are kept in the index. Default 16 KiB; larger values make the index slow to copy.
        public var inlineLimitBytes = 16_384
        /// Larger blobs are refused. Default 64 GiB.
        public var maxBlobBytes = 64 << 30
        /// Verified blocks kept in memory. Default 64 MiB; raise it on nodes with memory to spare, 0 switches it off.
        public var hotBytes = 64 << 20
        /// The disk keeps this much: cache copies make way for it, then writes are refused. Default 64 MiB.
        public var reserveBytes = 64 << 20
        /// Block values of open files kept in memory, with their descriptors. Default 32 MiB.
        public var openFileBytes = 32 << 20
        /// Files kept open at most. Default 512; keep it well below the process's limit of descriptors.
        public var openFileCount = 512
        /// Index entries kept in memory. Default 65,536, about 10 MiB.
        public var statCount = 65_536
        /// Partial blobs that wait to be continued, at most; the oldest go first. Default 256.
        public var partialCount = 256
        /// What those may reserve together, in full size. Default 16 GiB.
        public var partialBytes = 16 << 30
        /// A partial blob's progress is made durable after so much has arrived, and every 5 s while blocks arrive.
        /// Default 64 MiB; lower it where connections are slow and restarts frequent.
        public var partialSaveBytes = 64 << 20
        /// Blobs of at least this size that arrive in blocks are written around the page cache, where the file system has
        /// such a way, unless somebody reads them meanwhile: what is fetched need not push out what is read. Default 8 MiB;
        /// `Int.max` switches it off.
        public var directBytes = 8 << 20
        /// From this size on a stream that is stored goes on around the page cache, until somebody reads it. Default nil:
        /// never, for what is uploaded is fetched by other nodes at once. Set it, to 8 MiB or so, on virtual machines whose
        /// host hands out memory slowly.
        public var directStreamBytes: Int?
        /// Connections that read the index at once. Default 4.
        public var indexReaderCount = 4

        /// What blobs, finished or not, may take. Default nil: what the disk gives above the reserve. The index, about
        /// 0.2 KiB a blob, its copy and `corrupt/` come on top.
        public var quotaBytes: Int?
        /// Above this fraction of the quota, or of what the disk gives, cache copies are evicted in the background.
        /// Default 0.95.
        public var highWater = 0.95
        /// Eviction goes on down to this fraction. Default 0.85; nearer to `highWater` keeps more and evicts oftener.
        public var lowWater = 0.85
        /// Damaged files kept for inspection, the newest ones. Default 256 MiB, and never more than 100 files.
        public var corruptBytes = 256 << 20
        /// The clocks of the store.
        package var clock = StoreClock.system
        /// What goes wrong on the disk.
        package var faults = DiskFaults()

        /// The defaults.
        public init() {}
    }
}
