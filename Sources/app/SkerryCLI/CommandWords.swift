import AppManifests
import ArgumentParser

/// The words that name a command.
enum CommandWords {
    /// What is wrong with the beginning of a command line that names no command, and which one may have been meant; nil if it
    /// names one.
    static func problem(_ words: some Sequence<String>) -> String? {
        var command: any ParsableCommand.Type = SkerryCommand.self
        var path = ["skerry"]
        for word in words {
            let children = command.configuration.subcommands
            guard !children.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let child = children.first(where: { names(of: $0).contains(word) }) else {
                guard command.configuration.defaultSubcommand == nil else { return nil }
                let known = children.map { $0._commandName }
                let path = path.joined(separator: " ")
                let advice = Suggestion.phrase(for: word, among: known)
                return "There is no command \"\(path) \(word)\""
                    + (advice.isEmpty ? "; `\(path) --help` lists those that there are" : advice)
            }
            command = child
            path.append(word)
        }
        return nil
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }
}
