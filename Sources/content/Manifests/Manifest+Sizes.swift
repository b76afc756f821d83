public import Identity

extension Manifest {
    /// The sizes in bytes of those of ``blobs`` whose size the manifest says: all but layers of images and their records.
    public var byteCounts: [BlobID: Int] {
        var counts: [BlobID: Int] = [:]
        func add(_ files: [String: SiteManifest.File]) {
            for file in files.values {
                counts[file.blob] = file.byteCount
                for variant in file.variants { counts[variant.blob] = variant.byteCount }
            }
        }
        func add(_ function: FunctionManifest) {
            add(function.assets)
            counts[function.script] = function.scriptByteCount
            if let map = function.sourceMap { counts[map] = function.sourceMapByteCount }
        }
        switch self {
        case .site(let site): add(site.files)
        case .function(let function): add(function)
        case .composite(let composite):
            for part in composite.parts {
                switch part.content {
                case .site(let site): add(site.files)
                case .function(let function): add(function)
                case .origin, .machine: break
                }
            }
        case .origin, .machine: break
        }
        return counts
    }
}
