/// A command that is run in a machine that runs.
public struct MachineCommand: Sendable, Hashable, Codable {
    /// The size of a terminal.
    public struct Terminal: Sendable, Hashable, Codable {
        /// Columns.
        public var columns: UInt16
        /// Rows.
        public var rows: UInt16

        /// A size.
        public init(columns: UInt16 = 80, rows: UInt16 = 24) {
            self.columns = columns
            self.rows = rows
        }
    }

    /// The command and its arguments.
    public var arguments: [String]
    /// Added to the machine's environment.
    public var environment: [String: String]
    /// Where it starts; nil for the machine's own.
    public var workingDirectory: String?
    /// Whom it runs as; nil for the machine's own.
    public var user: MachineUser?
    /// It gets a terminal of this size; nil for pipes.
    public var terminal: Terminal?

    /// A command.
    public init(
        _ arguments: [String], environment: [String: String] = [:], workingDirectory: String? = nil,
        user: MachineUser? = nil, terminal: Terminal? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.terminal = terminal
    }
}
