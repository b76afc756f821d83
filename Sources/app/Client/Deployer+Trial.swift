import AppManifests
import Bundling
import ControlModel
import Functions
import Ledger
import Manifests
import NIOCore

/// What is found out about a function before nodes are given it.
extension Deployer {
    /// Loads code on this machine as nodes will: what throws there would answer every visitor with an error.
    ///
    /// - Returns: Why that was not tried; nil if the code loads.
    /// - Throws: `BundleError` with what it threw, in places of the sources; `BundleError` if it has schedules and no handler
    ///   for them.
    func tryToLoad(_ function: FunctionManifest, _ bundle: AppBundle) async throws -> String? {
        guard let workerPath else { return nil }
        let limits = FunctionLimits(
            cpu: .milliseconds(function.limits.cpuMilliseconds), memoryBytes: function.limits.memoryBytes)
        let code = FunctionCode(
            script: ByteBuffer(bytes: bundle.code), fileName: function.sourceName,
            environment: function.environmentText(nodeID: ""))
        switch await CodeTrial.run(code, limits: limits, workerPath: workerPath) {
        case .usable(takesSchedules: true): return nil
        case .usable(takesSchedules: false):
            guard function.cron.isEmpty else {
                throw Deployer.unusable(
                    bundle,
                    "\(AppManifest.fileName) has cron, and the code no handler for it; write `export default { async "
                        + "scheduled(event, env, ctx) { … } }`, or take cron out")
            }
            return nil
        case .unusable(let message, let stack):
            let said = stack.isEmpty ? message : bundle.stackMapper.rewrite(stack)
            throw Deployer.unusable(
                bundle,
                "the code does not load, so nothing was deployed: "
                    + said.replacing("\n", with: "\n  ")
                    + "\nMend it, and try it with `skerry dev`; --no-probe deploys it untried")
        case .unknown(let reason): return "the code was not tried before it was deployed: \(reason)"
        }
    }

    private static func unusable(_ bundle: AppBundle, _ message: String) -> BundleError {
        BundleError([Diagnostic(file: bundle.sourceName, line: 0, column: 0, message: message)])
    }

    /// Apps that bindings call and that nobody has deployed: those may come later, in any order.
    func absentServices(_ bindings: [FunctionBinding], of app: AppName) async throws -> [String] {
        var warnings: [String] = []
        for binding in bindings {
            guard case .service(let service) = binding.target, service != app.description else { continue }
            if let name = AppName(service), try await client.name(name)?.live != nil { continue }
            warnings.append(
                "the binding \(binding.name) calls the app \(service), which is not deployed; its calls fail until it is"
            )
        }
        return warnings
    }
}
