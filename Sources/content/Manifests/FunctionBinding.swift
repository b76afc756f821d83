/// Something that a function reaches through a name in its `env`.
public struct FunctionBinding: Sendable, Hashable {
    /// What is behind the name.
    public enum Target: Sendable, Hashable {
        /// The release's own files: `env.NAME.fetch(request)`.
        case assets
        /// Another app of the network, by its name: `env.NAME.fetch(request)`.
        case service(String)
        /// A key-value store of the owner's, by the name of its namespace.
        case kv(namespace: String)
        /// The machine of the same app: `env.NAME.fetch(request)`.
        case machine
    }

    /// The name in `env`.
    public let name: String
    public let target: Target

    /// Checks nothing: `Manifest.init(decoding:)` checks what others wrote.
    public init(name: String, target: Target) {
        self.name = name
        self.target = target
    }

    /// `assets`, `service`, `kv` or `machine`.
    public var type: String {
        switch target {
        case .assets: "assets"
        case .service: "service"
        case .kv: "kv"
        case .machine: "machine"
        }
    }

    /// The service's or the namespace's name; empty for what is the app's own.
    public var targetName: String {
        switch target {
        case .assets, .machine: ""
        case .service(let name): name
        case .kv(let namespace): namespace
        }
    }

    /// Reads the two fields of the wire; nil for a type that this version does not know, or a name that is none.
    public init?(name: String, type: String, targetName: String) {
        guard FunctionBinding.isName(name) else { return nil }
        self.name = name
        switch type {
        case "assets" where targetName.isEmpty: target = .assets
        case "service" where FunctionBinding.isLabel(targetName): target = .service(targetName)
        case "kv" where FunctionBinding.isLabel(targetName): target = .kv(namespace: targetName)
        case "machine" where targetName.isEmpty: target = .machine
        default: return nil
        }
    }

    /// The longest name in `env`, in bytes.
    public static let maxNameBytes = 64
    /// What the runtime itself puts into `env`.
    public static let reservedNames: Set<String> = ["NODE"]

    /// Whether `env` may hold this name: letters, digits and underscores, no digit first, and none of the runtime's
    /// own.
    public static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= maxNameBytes else {
            return false
        }
        return !reservedNames.contains(name)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Whether apps and namespaces may be called so: 1 to 63 lower-case letters, digits and inner hyphens.
    public static func isLabel(_ name: String) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(name.utf8.count) && name.utf8.first != hyphen && name.utf8.last != hyphen
            && name.utf8.allSatisfy { byte in
                byte == hyphen || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }
}
