import CSandbox
import Cgroups

extension CgroupController {
    /// The layer that it gives, as a `CSandbox` bit.
    var layer: UInt32 {
        switch self {
        case .memory: UInt32(SKERRY_LAYER_MEMORY_CGROUP)
        case .cpu: UInt32(SKERRY_LAYER_CPU_CGROUP)
        case .pids: UInt32(SKERRY_LAYER_PIDS_CGROUP)
        }
    }
}
