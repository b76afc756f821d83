import Foundation

/// What the environment says. An empty value counts as none.
enum Surroundings {
    static subscript(name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Skerry's folder among those of one kind (XDG Base Directory Specification, which has relative paths ignored).
    ///
    /// - Parameter usual: Where they are below the home folder if nothing else is said.
    static func folder(_ variable: String, usual: String) -> String {
        let named = Surroundings[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
        // Foundation asks the system's list of users alone, and a shell means what HOME says.
        return (named ?? "\(Surroundings["HOME"] ?? NSHomeDirectory())/\(usual)") + "/skerry"
    }
}
