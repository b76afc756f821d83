/// What a machine is made from: unpacked layers and what the image's configuration says about running it.
///
/// The room `Images` makes these; `Machines` only needs folders.
public struct MachineImage: Sendable, Hashable, Codable {
    /// At most so many layers; as many as an image may have.
    public static let maxLayers = 127

    /// Folders of unpacked layers, the lowest first, absolute. They must stay while the machine exists, and never change.
    public var layers: [String]
    /// The image's `Entrypoint`.
    public var entrypoint: [String]
    /// The image's `Cmd`, used when the spec gives no command.
    public var command: [String]
    /// The image's `Env`.
    public var environment: [String: String]
    /// The image's `WorkingDir`.
    public var workingDirectory: String
    /// The image's `User` as numbers.
    public var user: MachineUser
    /// The image's `StopSignal`.
    public var stopSignal: Int32?

    /// An image.
    public init(
        layers: [String], entrypoint: [String] = [], command: [String] = [], environment: [String: String] = [:],
        workingDirectory: String = "/", user: MachineUser = .root, stopSignal: Int32? = nil
    ) {
        self.layers = layers
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.stopSignal = stopSignal
    }
}
