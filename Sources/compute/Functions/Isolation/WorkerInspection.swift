import CSandbox
import Glibc
import WorkerProtocol

/// What confines workers on this host, as a real worker that was started to find out reports it.
public struct WorkerInspection: Sendable {
    /// One layer of isolation.
    public struct Layer: Sendable {
        /// Its stable name, such as `private-root`.
        public let name: String
        /// What it keeps a worker from.
        public let purpose: String
        /// Whether the worker has it.
        public let isActive: Bool
        /// Why it is missing and what would change that; nil for an active one.
        public let reason: String?
    }

    /// Longest wait for a worker's first frame, in milliseconds.
    private static let patience: Int32 = 10_000

    /// All layers, the strongest first.
    public let layers: [Layer]
    /// From the decision to start the first worker until its engine was ready and the process sealed; later ones take less.
    public let startTime: Duration

    /// The versions of cgroups that the host has mounted: `v1`, `v2`, `hybrid` or `none`.
    public static var cgroupVersion: String { WorkerCgroups.ofThisProcess.summary }
    /// The version of the kernel's Landlock; 0 for none.
    public static var landlockVersion: Int { Int(skerry_landlock_version()) }

    /// Starts a worker, reads what it reports, and ends it.
    ///
    /// Blocks for some milliseconds, ten seconds at most. When it returns or throws, the process has been reaped.
    ///
    /// - Parameter workerPath: path of the `skerry-worker` program.
    /// - Throws: ``FunctionError`` when it does not start, does not speak this protocol, or ends at once.
    public init(workerPath: String) throws(FunctionError) {
        let clock = ContinuousClock()
        let start = clock.now
        // As a pool starts them.
        let zygote = WorkerZygote()
        defer { zygote.close() }
        let launcher = WorkerLauncher(
            path: workerPath, allowUnsealed: true,
            memoryLimitBytes: FunctionPool.Settings(workerPath: "").memoryLimitBytes, zygote: zygote)
        let launched = try launcher.launch()
        let handle = WorkerHandle()
        handle.started(launched)
        let frame = Self.firstFrame(launched.socket)
        startTime = clock.now - start
        close(launched.socket)
        let status = handle.reap()
        guard case .hello(let version, let reported)? = frame else {
            throw FunctionPool.cause(of: status)
        }
        guard version == WireLimits.protocolVersion else {
            throw FunctionError(
                .workerMissing,
                "the worker program speaks version \(version) and the node "
                    + "\(WireLimits.protocolVersion); install the one that came with this program")
        }
        let summary = Self.cgroupVersion
        layers = SandboxLayers.all.map { layer in
            let isActive = (reported | launched.layers) & layer.bit != 0
            let error = launched.page.refusal(layer.bit)
            return Layer(
                name: layer.name, purpose: layer.purpose, isActive: isActive,
                reason: isActive ? nil : SandboxLayers.reason(layer, error: error, cgroups: summary))
        }
    }

    /// What the worker says first; nil when it ends, says nothing, or talks nonsense.
    private static func firstFrame(_ socket: Int32) -> Frame? {
        var reader = FrameReader()
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, patience)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = read(socket, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes.withUnsafeBytes { reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            do {
                if let frame = try reader.next() { return frame }
            } catch {
                return nil
            }
        }
    }
}
