public import Bundling
public import Functions

/// What happens while an app is developed, in the order in which it happens.
public enum DevEvent: Sendable {
    /// The app was read, and is served from now on.
    case loaded(name: String, scriptBytes: Int?, fileCount: Int, time: Duration, warnings: [Diagnostic])
    /// The app cannot be served as it is; every request gets this text.
    case failed(String)
    /// A line on the console, or a stack, with places in the sources.
    case line(FunctionLogLine)
    /// A request for the function ended.
    case outcome(FunctionOutcome)
}
