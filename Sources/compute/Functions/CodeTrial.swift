import WorkerProtocol

/// Loads code in a worker of its own, as a node does before the first request: what throws there can answer nobody.
public enum CodeTrial {
    /// What came of it.
    public enum Verdict: Hashable, Sendable {
        /// It loads, and has a handler; whether it has one for schedules too.
        case usable(takesSchedules: Bool)
        /// It does not load. The stack has places in the script, and may be empty.
        case unusable(message: String, stack: String)
        /// It cannot be said here, and why.
        case unknown(String)
    }

    /// The longest that code may take to load, which is what nodes allow.
    private static let wallLimit = Duration.seconds(10)

    /// Loads code; when this returns, its worker has ended.
    ///
    /// Nothing answers what the code asks for while it is loaded, such as a `fetch` at its top: the verdict is unknown then.
    public static func run(_ code: FunctionCode, limits: FunctionLimits, workerPath: String) async -> Verdict {
        var settings = DrivenWorker.Settings(workerPath: workerPath, limits: limits)
        settings.wallLimit = wallLimit
        let worker: DrivenWorker
        do { worker = try await DrivenWorker.start(settings) } catch {
            return .unknown((error as? FunctionError)?.message ?? "\(error)")
        }
        let verdict = await verdict(on: code, worker)
        await worker.close()
        return verdict
    }

    private static func verdict(on code: FunctionCode, _ worker: DrivenWorker) async -> Verdict {
        do {
            switch try await worker.load(code) {
            case .loaded(let takesSchedules): return .usable(takesSchedules: takesSchedules)
            case .loadFailed(let message, let stack): return .unusable(message: message, stack: stack)
            default: return .unknown("it asks its node for something while it is loaded")
            }
        } catch let error as FunctionError where error.code == .wallLimit {
            return .unusable(message: "it was not loaded within \(wallLimit.components.seconds) s", stack: "")
        } catch {
            return .unusable(message: (error as? FunctionError)?.message ?? "\(error)", stack: "")
        }
    }
}
