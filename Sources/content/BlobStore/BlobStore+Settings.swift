extension BlobStore {
    /// Limits and sizes of a store; all are bytes unless said otherwise.
    public struct Settings: Sendable {
        /// Blobs up to this size are kept in the index. Default 16 KiB; larger values make the index slow to copy.
        public var inlineLimitBytes = 16_384
        /// Larger blobs are refused. Default 64 GiB.
        public var maxBlobBytes = 64 << 30
        /// Verified blocks kept in memory. Default 64 MiB; raise it on nodes with memory to spare, 0 switches it off.
        public var hotBytes = 64 << 20
        /// Writes are refused when the disk would have less than this left. Default 64 MiB.
        public var reserveBytes = 64 << 20
        /// Block values of open files kept in memory, with their descriptors. Default 32 MiB.
        public var openFileBytes = 32 << 20
        /// Files kept open at most. Default 512; keep it well below the process's limit of descriptors.
        public var openFileCount = 512
        /// Index entries kept in memory. Default 65,536, about 10 MiB.
        public var statCount = 65_536
        /// Connections that read the index at once. Default 4.
        public var indexReaderCount = 4

        /// The defaults.
        public init() {}
    }
}
