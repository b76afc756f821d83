/// Bounds on manifests, checked when one is made and when one is read.
public enum ManifestLimits {
    /// Files of one site.
    public static let maxFiles = 100_000
    /// Bytes of all files of one site and their variants: more than any node holds, and far from where sums overflow.
    public static let maxContentBytes = 1 << 50
    /// Content codings of one file.
    public static let maxVariants = 8
    /// Length of one path, in UTF-8.
    public static let maxPathBytes = 1_024
    /// Length of a media type.
    public static let maxContentTypeBytes = 255
    /// Size of an encoded manifest: room for the largest site.
    public static let maxManifestBytes = 16 << 20
    /// Size of a function's script.
    public static let maxScriptBytes = 4 << 20
    /// Size of a function's code: a script, or a WebAssembly module of at most 8 MiB with files of at most 4 MiB.
    public static let maxCodeBytes = 12 << 20
    /// Exports of a function.
    public static let maxExports = 256
    /// Size of a function's source map.
    public static let maxSourceMapBytes = 16 << 20
    /// Texts in a function's `env`.
    public static let maxVars = 128
    /// Length of one of those texts, in UTF-8.
    public static let maxVarBytes = 5 << 10
    /// Length of all of those texts.
    public static let maxVarsBytes = 64 << 10
    /// Bindings of a function.
    public static let maxBindings = 64
    /// Secrets that a function names.
    public static let maxSecrets = 64
    /// Routes of a function.
    public static let maxRoutes = 100
    /// Schedules of a function.
    public static let maxCron = 16
    /// Length of what names the bundler, and of the source file's name.
    public static let maxNameBytes = 255
    /// Rules of `_redirects`; those for one path are found at once, however many there are.
    public static let maxRedirects = 5_000
    /// Those with placeholders, which are tried one after the other.
    public static let maxRedirectPatterns = 200
    /// Paths of `_headers`.
    public static let maxHeaderRules = 200
    /// Names and values of all headers in `_headers`: what one answer can have at most.
    public static let maxHeaderRuleBytes = 32 << 10
    /// Length of a line of `_redirects` and `_headers`, of a target and of a header's value.
    public static let maxRuleLineBytes = 2_000
    /// Size of `_redirects` and of `_headers`.
    public static let maxRuleFileBytes = 1 << 20
    /// Layers of a machine's image.
    public static let maxLayers = 128
    /// Words of a machine's command, and of its health check's.
    public static let maxCommandWords = 128
    /// Length of all of those words, in UTF-8.
    public static let maxCommandBytes = 32 << 10
    /// Ports of a machine.
    public static let maxPorts = 16
    /// Ports of a machine that nodes open to everybody.
    public static let maxOpenPorts = 4
    /// How long a machine may take to end, in milliseconds.
    public static let maxStopMilliseconds = 600_000
    /// A volume of a machine, in bytes: what a file system needs for itself, and the largest file that one has.
    public static let volumeBytes: ClosedRange<Int> = 16 << 20...16 << 40
    /// Volumes of a machine.
    public static let maxVolumes = 8
    /// Copies of a machine.
    public static let maxMachineReplicas = 64
}
