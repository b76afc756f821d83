// swift-tools-version: 6.2
import PackageDescription

/// A room: one module in a folder of its floor, with the rooms and products that it uses.
///
/// `docs/design/house.md` shows the floors; `Tests/ArchitectureTests` checks every import against them.
struct Room {
    enum Kind { case library, executable }
    var floor: String
    var name: String
    var kind = Kind.library
    var rooms: [String] = []
    var products: [Target.Dependency] = []
}

/// Rooms that compute so much that their tests take minutes without optimisation, and the tests that do.
let optimisedInTests: Set = [
    "Blake3", "Identity", "BlobStore", "Membership", "Discovery", "Exchange", "Stark", "AckProofs", "Ledger",
    "Channels", "Simulator", "Blake3Tests", "DiscoveryTests", "StarkTests", "AckProofsTests",
]

func settings(_ name: String) -> [SwiftSetting] {
    optimisedInTests.contains(name) ? strict + [.unsafeFlags(["-O"], .when(configuration: .debug))] : strict
}

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
    // LLVM takes the end of an async function for unreachable, and drops what a field of its result had first if another
    // value may be set afterwards: CONTRIBUTING.md says of which results. So it drops nothing across blocks.
    .unsafeFlags(["-Xllvm", "-dse-memoryssa-otherbb-cost=1000"], .when(configuration: .release)),
]

/// Kernels and the JavaScript engine's glue are compiled with optimisation in every configuration.
let optimisedC: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Werror"])]

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grpcCore = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let rooms: [Room] = [
    Room(floor: "base", name: "Blake3", rooms: ["CBlake3"]),
    Room(floor: "base", name: "Identity", rooms: ["Blake3"], products: [crypto, x509, asn1]),
    Room(floor: "base", name: "Wire", products: [protobuf]),
    Room(floor: "base", name: "Streams", products: [nio("NIOCore")]),
    Room(floor: "base", name: "Files"),
    Room(floor: "base", name: "Processes", rooms: ["CLinux"]),
    Room(floor: "base", name: "Telemetry", products: [logging, coreMetrics]),

    Room(
        floor: "content", name: "BlobStore", rooms: ["Blake3", "Identity", "CLinux"],
        products: [grdb, nio("NIOCore"), nio("NIOPosix"), logging, metrics]),
    Room(floor: "content", name: "Manifests", rooms: ["Blake3", "Identity", "Wire"], products: [protobuf]),
    Room(floor: "content", name: "AppManifests", rooms: ["Blake3", "Identity", "Manifests"]),

    Room(
        floor: "network", name: "Peering", rooms: ["Blake3", "Identity", "Wire"],
        products: [nio("NIOCore"), nio("NIOPosix"), nio("NIOTLS"), nioSSL, protobuf, logging, metrics]),
    Room(
        floor: "network", name: "Exchange",
        rooms: ["Blake3", "Identity", "Wire", "BlobStore", "Peering"],
        products: [nio("NIOCore"), nio("NIOPosix"), protobuf, logging, metrics, coreMetrics]),
    Room(
        floor: "network", name: "Membership", rooms: ["Blake3", "Identity", "Wire", "Peering"],
        products: [nio("NIOCore"), protobuf, logging, metrics, coreMetrics]),
    Room(
        floor: "network", name: "Discovery", rooms: ["Blake3", "Identity", "Wire", "Peering"],
        products: [nio("NIOCore"), protobuf, logging, metrics, coreMetrics]),

    Room(
        floor: "network", name: "Outbound",
        products: [asyncHTTPClient, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL]),

    Room(floor: "ledger", name: "Stark", rooms: ["Blake3", "CStark"]),
    Room(floor: "ledger", name: "AckProofs", rooms: ["Stark", "CStark"]),
    Room(
        floor: "ledger", name: "Ledger", rooms: ["Blake3", "Identity", "Wire", "CLinux", "Stark", "AckProofs"],
        products: [protobuf]),
    Room(
        floor: "ledger", name: "LedgerLog", rooms: ["Blake3", "Identity", "Ledger"],
        products: [grdb, logging, metrics]),

    Room(
        floor: "ledger", name: "Channels", rooms: ["Blake3", "Identity", "CLinux", "Ledger", "Stark"]),
    Room(
        floor: "ledger", name: "PaidDelivery",
        rooms: ["Identity", "Wire", "Peering", "Exchange", "Ledger", "Stark", "Channels"],
        products: [nio("NIOCore"), logging, metrics]),

    Room(
        floor: "ledger", name: "EtcdLog", rooms: ["Blake3", "Identity", "Ledger", "LedgerLog"],
        products: [
            grpcCore, grpcTransport, grpcProtobuf, nio("NIOCore"), nioHTTP2, protobuf, logging, metrics,
        ]),

    Room(floor: "compute", name: "WorkerProtocol"),
    Room(floor: "compute", name: "Cgroups"),
    Room(
        floor: "compute", name: "FunctionRuntime",
        rooms: ["WorkerProtocol", "CJavaScriptCore", "CRuntimeScript", "CSandbox"]),
    Room(
        floor: "compute", name: "Functions", rooms: ["Streams", "WorkerProtocol", "CSandbox", "Cgroups"],
        products: [nio("NIOCore"), nio("NIOPosix"), logging, metrics]),
    Room(
        floor: "compute", name: "Calls",
        rooms: [
            "Identity", "Wire", "Streams", "Peering", "Ledger", "Channels", "PaidDelivery", "WorkerProtocol",
            "Functions",
        ],
        products: [nio("NIOCore")]),
    Room(floor: "compute", name: "Recordings", rooms: ["Blake3", "Identity", "WorkerProtocol"]),
    Room(
        floor: "compute", name: "Replay", rooms: ["Blake3", "Streams", "WorkerProtocol", "Functions", "Recordings"],
        products: [nio("NIOCore")]),
    Room(
        floor: "compute", name: "Secrets", rooms: ["Blake3", "Identity", "Manifests", "Ledger"], products: [crypto]),
    Room(floor: "compute", name: "Machines", rooms: ["Files", "Processes", "CLinux", "Cgroups"], products: [logging]),
    Room(floor: "compute", name: "FunctionLogs", products: [nio("NIOPosix"), logging]),
    Room(
        floor: "compute", name: "Images",
        rooms: ["Blake3", "Identity", "Files", "CLinux", "CZlib", "CZstd", "Outbound"],
        products: [asyncHTTPClient, crypto, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL, logging, metrics]),
    Room(
        floor: "compute", name: "FunctionServices", rooms: ["Streams", "Outbound", "CZlib", "Functions"],
        products: [
            asyncHTTPClient, crypto, cryptoExtras, grdb, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL,
            logging, metrics,
        ]),

    Room(
        floor: "compute", name: "Volumes", rooms: ["Blake3", "Identity", "Files", "Processes", "CLinux"],
        products: [nio("NIOCore"), nio("NIOPosix"), logging]),

    Room(floor: "edge", name: "Placement", rooms: ["Blake3", "Identity"]),
    Room(
        floor: "edge", name: "Gateway", rooms: ["Blake3", "Identity", "Streams", "Manifests"],
        products: [
            crypto, nio("NIOCore"), nio("NIOPosix"), nio("NIOTLS"), nioSSL, nioHTTP2, nioHPACK, logging, metrics,
        ]),
    Room(
        floor: "edge", name: "MachineProxy", rooms: ["Streams", "Outbound", "Gateway"],
        products: [nio("NIOCore"), nio("NIOPosix"), logging, metrics]),
    Room(floor: "edge", name: "HTTPCache"),
    Room(
        floor: "edge", name: "Origins", rooms: ["Blake3", "Identity", "Manifests", "Streams", "Outbound"],
        products: [
            asyncHTTPClient, crypto, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL, logging, metrics,
        ]),
    Room(
        floor: "edge", name: "EdgeCache",
        rooms: [
            "Blake3", "Identity", "Streams", "Wire", "BlobStore", "Exchange", "HTTPCache", "Origins", "Gateway",
            "ControlModel",
        ],
        products: [grdb, nio("NIOCore"), nio("NIOPosix"), protobuf, logging, metrics]),
    Room(
        floor: "edge", name: "Certificates", rooms: ["Blake3", "Identity", "Files", "Outbound"],
        products: [
            crypto, cryptoExtras, x509, asn1, asyncHTTPClient, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL,
            logging, metrics,
        ]),
    Room(floor: "edge", name: "ControlModel", rooms: ["Blake3", "Identity", "Stark", "Ledger", "FunctionLogs"]),
    Room(
        floor: "edge", name: "ControlAPI", rooms: ["Blake3", "Identity", "Ledger", "ControlModel", "CConsole"],
        products: [hummingbird, httpTypes, nioHTTPTypes, nio("NIOCore"), logging, lifecycle]),

    Room(
        floor: "app", name: "Node",
        rooms: [
            "Blake3", "Identity", "Wire", "Files", "Streams", "Telemetry", "CLinux", "BlobStore", "Manifests",
            "AppManifests", "Peering",
            "Exchange", "Membership", "Discovery", "Ledger", "LedgerLog", "EtcdLog", "Functions", "FunctionServices",
            "FunctionLogs", "Recordings", "Replay", "WorkerProtocol", "Placement", "Gateway", "ControlAPI",
            "ControlModel", "Secrets", "Outbound", "HTTPCache", "Origins", "EdgeCache", "Certificates", "Stark",
            "AckProofs", "Channels", "PaidDelivery", "Calls", "MachineProxy", "Images", "Machines", "Volumes",
        ],
        products: [
            nio("NIOCore"), nio("NIOPosix"), nioSSL, hummingbird, logging, metrics, coreMetrics, protobuf, lifecycle,
        ]),
    Room(
        floor: "app", name: "Simulator",
        rooms: ["Blake3", "Identity", "Membership", "Discovery", "Exchange"]),
    Room(floor: "app", name: "Bundling", rooms: ["AppManifests", "Manifests", "Functions"]),
    Room(
        floor: "app", name: "DevServer",
        rooms: [
            "Blake3", "Identity", "Streams", "Manifests", "AppManifests", "Functions", "FunctionServices", "Gateway",
            "Outbound", "Bundling",
        ],
        products: [nio("NIOCore"), nio("NIOPosix"), logging]),
    Room(
        floor: "app", name: "Client",
        rooms: [
            "Blake3", "Identity", "Manifests", "AppManifests", "Ledger", "LedgerLog", "FunctionLogs", "ControlModel",
            "Bundling", "Recordings", "BlobStore", "Peering", "Exchange", "Channels", "PaidDelivery", "Functions",
            "Streams", "Calls", "Secrets", "Placement", "CZlib", "CBrotli", "CZstd", "Images", "Outbound",
        ],
        products: [asyncHTTPClient, nio("NIOCore"), nio("NIOHTTP1"), nio("NIOPosix"), logging]),
    Room(
        floor: "app", name: "SkerryCLI",
        rooms: [
            "Blake3", "Identity", "Telemetry", "Processes", "CLinux", "Manifests", "AppManifests", "FunctionLogs",
            "Ledger", "Client", "Node", "ControlModel", "Simulator", "Bundling", "DevServer", "Functions", "Gateway",
            "Recordings", "Replay", "WorkerProtocol", "Secrets", "Certificates", "Stark", "AckProofs", "Channels",
            "Machines", "Placement", "Images", "Outbound", "Streams",
        ],
        products: [
            argumentParser, asyncHTTPClient, nio("NIOCore"), nio("NIOHTTP1"), nio("NIOPosix"), logging, coreMetrics,
            lifecycle, unixSignals,
        ]),
    Room(floor: "app", name: "skerry", kind: .executable, rooms: ["SkerryCLI"]),
    Room(floor: "app", name: "skerry-worker", kind: .executable, rooms: ["FunctionRuntime"]),
]

let nativeTargets: [Target] = [
    .target(
        name: "CBlake3", path: "Sources/base/CBlake3", cSettings: optimisedC),
    .target(name: "CStark", path: "Sources/ledger/CStark", cSettings: optimisedC),
    .target(name: "CLinux", path: "Sources/base/CLinux", cSettings: optimisedC),
    .systemLibrary(
        name: "CZlib", path: "Sources/base/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
        name: "CBrotli", path: "Sources/base/CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
    .systemLibrary(
        name: "CZstd", path: "Sources/base/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "CSandbox", path: "Sources/compute/CSandbox", cSettings: optimisedC),
    .executableTarget(name: "skerry-holder", path: "Sources/app/skerry-holder", cSettings: optimisedC),
    .target(
        name: "CRuntimeScript", path: "Sources/compute/CRuntimeScript", exclude: ["Scripts"],
        cSettings: optimisedC),
    .target(name: "CConsole", path: "Sources/edge/CConsole", exclude: ["Files"]),
    .systemLibrary(
        name: "CJavaScriptCore", path: "Sources/compute/CJavaScriptCore", pkgConfig: "javascriptcoregtk-4.1",
        providers: [.apt(["libjavascriptcoregtk-4.1-dev"])]),
]

func dependencies(_ names: [String]) -> [Target.Dependency] { names.map { .target(name: $0) } }

let roomTargets: [Target] = rooms.map { room in
    let path = "Sources/\(room.floor)/\(room.name)"
    let dependencies = dependencies(room.rooms) + room.products
    switch room.kind {
    case .library:
        return .target(name: room.name, dependencies: dependencies, path: path, swiftSettings: settings(room.name))
    case .executable:
        return .executableTarget(
            name: room.name, dependencies: dependencies, path: path, swiftSettings: settings(room.name))
    }
}

/// Every library room under its own name, for the packages in `Benchmarks/` and `Fuzz/`.
let roomProducts: [Product] = rooms.filter { $0.kind == .library && $0.name != "Client" }.map {
    .library(name: $0.name, targets: [$0.name])
}

func tests(_ name: String, _ rooms: [String], _ products: [Target.Dependency] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies(rooms) + products, swiftSettings: settings(name))
}

let testTargets: [Target] = [
    tests("Blake3Tests", ["Blake3"]),
    tests("FilesTests", ["Files"]),
    tests("ProcessesTests", ["Processes"]),
    tests("StreamsTests", ["Streams"], [nio("NIOCore"), nio("NIOEmbedded")]),
    tests("IdentityTests", ["Identity", "Blake3"]),
    .executableTarget(
        name: "store-exerciser",
        dependencies: dependencies(["BlobStore", "Blake3", "Identity"]) + [nio("NIOCore"), nio("NIOPosix"), logging],
        path: "Tests/Support/StoreExerciser", swiftSettings: strict),
    tests(
        "BlobStoreTests", ["BlobStore", "Blake3", "Identity", "store-exerciser"],
        [nio("NIOCore"), nio("NIOPosix"), logging, grdb]),
    tests("ManifestsTests", ["Manifests", "Blake3", "Identity"]),
    tests("AppManifestsTests", ["AppManifests", "Manifests"]),
    tests("FunctionLogsTests", ["FunctionLogs"], [logging]),
    tests("RecordingsTests", ["Recordings", "WorkerProtocol", "Identity", "Blake3"]),
    tests("BundlingTests", ["Bundling", "AppManifests", "Functions"]),
    tests(
        "DevServerTests", ["DevServer", "Functions", "skerry-worker"],
        [asyncHTTPClient, nio("NIOCore"), nio("NIOHTTP1"), nio("NIOPosix"), logging]),
    tests(
        "PeeringTests", ["Peering", "Identity", "Wire"],
        [nio("NIOCore"), nio("NIOPosix"), nio("NIOEmbedded"), nioSSL, protobuf, logging]),
    tests(
        "ExchangeTests", ["Exchange", "Peering", "BlobStore", "Blake3", "Identity", "Wire"],
        [nio("NIOCore"), nio("NIOPosix"), logging, protobuf]),
    tests(
        "MembershipTests", ["Membership", "Peering", "Blake3", "Identity", "Wire"],
        [nio("NIOCore"), nio("NIOPosix"), logging, protobuf]),
    tests(
        "DiscoveryTests", ["Discovery", "Peering", "Blake3", "Identity", "Wire"],
        [nio("NIOCore"), nio("NIOPosix"), logging, protobuf]),
    tests("SimulatorTests", ["Simulator", "Membership", "Discovery", "Exchange", "Blake3", "Identity"]),
    tests("StarkTests", ["Stark", "CStark", "Blake3"]),
    .executableTarget(
        name: "ack-prover", dependencies: dependencies(["AckProofs", "Stark"]), path: "Tests/Support/AckProver",
        swiftSettings: settings("AckProofs")),
    tests("AckProofsTests", ["AckProofs", "Stark", "Blake3", "ack-prover"]),
    tests("LedgerTests", ["Ledger", "AckProofs", "Stark", "Identity", "Blake3", "Wire"], [protobuf]),
    tests("LedgerLogTests", ["LedgerLog", "Ledger", "Identity", "Blake3", "Wire"], [protobuf, logging, grdb]),
    tests(
        "PaidDeliveryTests",
        [
            "PaidDelivery", "Channels", "Exchange", "Peering", "BlobStore", "Ledger", "Stark", "Identity", "Blake3",
            "Wire",
        ],
        [nio("NIOCore"), nio("NIOPosix"), logging]),
    tests("ChannelsTests", ["Channels", "Ledger", "Stark", "Identity", "Blake3"]),
    .executableTarget(
        name: "ledger-exerciser",
        dependencies: dependencies(["EtcdLog", "LedgerLog", "Ledger", "Identity", "Blake3"]) + [logging],
        path: "Tests/Support/LedgerExerciser", swiftSettings: strict),
    tests(
        "EtcdLogTests", ["EtcdLog", "LedgerLog", "Ledger", "Identity", "Blake3", "Wire", "ledger-exerciser"],
        [grpcCore, grpcTransport, grpcProtobuf, protobuf, logging]),
    .executableTarget(
        name: "sandbox-probe", dependencies: dependencies(["CSandbox"]), path: "Tests/Support/SandboxProbe",
        cSettings: optimisedC),
    tests(
        "FunctionsTests",
        [
            "Functions", "FunctionServices", "Outbound", "Recordings", "Replay", "WorkerProtocol", "CSandbox",
            "Streams", "Cgroups",
            "Identity", "Blake3", "skerry-worker", "sandbox-probe",
        ],
        [nio("NIOCore"), nio("NIOEmbedded"), nio("NIOPosix"), logging]),
    tests(
        "FunctionServicesTests", ["FunctionServices", "Functions", "Outbound", "Streams"],
        [nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL, logging, grdb]),
    tests("OutboundTests", ["Outbound"], [nio("NIOCore")]),
    .executableTarget(
        name: "image-exerciser", dependencies: dependencies(["Images", "Identity"]) + [nio("NIOCore"), logging],
        path: "Tests/Support/ImageExerciser", swiftSettings: strict),
    tests(
        "ImagesTests",
        ["Images", "Outbound", "CZlib", "CZstd", "CLinux", "Identity", "Blake3", "image-exerciser"],
        [crypto, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), logging]),
    .executableTarget(
        name: "machine-exerciser", dependencies: dependencies(["Machines"]) + [logging],
        path: "Tests/Support/MachineExerciser", swiftSettings: strict),
    tests("MachinesTests", ["Machines", "Cgroups", "CLinux", "skerry-holder", "machine-exerciser"], [logging]),
    tests("VolumesTests", ["Volumes", "Identity", "Blake3", "Files"], [nio("NIOCore"), nio("NIOPosix"), logging]),
    tests("SecretsTests", ["Secrets", "Ledger", "Identity", "Blake3"]),
    tests("PlacementTests", ["Placement", "Identity", "Blake3"]),
    tests(
        "GatewayTests", ["Gateway", "Manifests", "Streams", "Identity", "Blake3"],
        [nio("NIOCore"), nio("NIOPosix"), nio("NIOEmbedded"), nio("NIOHTTP1"), nioSSL, nioHTTP2, nioHPACK, logging]),
    tests(
        "MachineProxyTests", ["MachineProxy", "Gateway", "Streams", "Manifests", "Identity", "Blake3"],
        [nio("NIOCore"), nio("NIOPosix"), logging]),
    tests("HTTPCacheTests", ["HTTPCache"]),
    tests(
        "OriginsTests", ["Origins", "Outbound", "Streams", "Identity", "Blake3"],
        [crypto, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nioSSL, logging]),
    tests(
        "EdgeCacheTests",
        [
            "EdgeCache", "HTTPCache", "Origins", "Gateway", "BlobStore", "Exchange", "Streams", "Identity", "Blake3",
            "Manifests", "Wire", "ControlModel",
        ],
        [nio("NIOCore"), nio("NIOPosix"), logging, grdb, protobuf]),
    tests(
        "CertificatesTests", ["Certificates", "Identity", "Blake3"],
        [crypto, x509, asn1, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOTLS"), nioSSL, logging]),
    tests("TelemetryTests", ["Telemetry"], [coreMetrics]),
    tests("ControlModelTests", ["ControlModel", "Ledger", "Stark", "Identity", "Blake3"]),
    tests(
        "ClientTests",
        [
            "Client", "ControlAPI", "ControlModel", "Manifests", "LedgerLog", "Ledger", "Identity", "Blake3", "Wire",
            "Streams", "Peering", "Channels", "PaidDelivery", "Functions", "Calls",
        ],
        [
            hummingbird, httpTypes, asyncHTTPClient, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), logging,
        ]),
    tests(
        "NodeTests",
        [
            "Node", "Gateway", "Manifests", "Exchange", "Peering", "BlobStore", "LedgerLog", "Ledger", "Identity",
            "Blake3", "Wire", "Functions", "FunctionServices", "Recordings", "Membership", "Streams", "WorkerProtocol",
            "Secrets", "ControlModel", "Placement", "AckProofs", "Stark", "Channels", "PaidDelivery", "Calls",
            "MachineProxy", "Machines", "Volumes", "HTTPCache",
        ],
        [nio("NIOCore"), nio("NIOPosix"), nio("NIOEmbedded"), logging, protobuf]),
    tests("ArchitectureTests", []),
    .testTarget(
        name: "IntegrationTests",
        dependencies: dependencies([
            "Blake3", "Identity", "Ledger", "Stark", "Channels", "Peering", "Functions", "Streams", "Client",
            "ControlModel", "skerry", "skerry-worker", "skerry-holder",
        ])
            + [asyncHTTPClient, logging, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1")],
        path: "Tests/Integration", swiftSettings: strict),
]

/// What `Benchmarks/run` measures in process: see Benchmarks/README.md.
let benchmarks: [Target] = [
    .executableTarget(
        name: "machine-bench", dependencies: dependencies(["Machines"]) + [logging],
        path: "Benchmarks/Sources/machine-bench", swiftSettings: strict),
    .executableTarget(
        name: "skerry-bench",
        dependencies: dependencies([
            "Blake3", "Identity", "Wire", "CLinux", "BlobStore", "Peering", "Exchange", "Discovery", "Ledger",
            "LedgerLog", "EtcdLog", "Stark", "AckProofs", "Channels", "PaidDelivery", "HTTPCache",
        ])
            + [
                crypto, x509, asn1, logging, argumentParser, grpcCore, grpcTransport, nio("NIOCore"), nio("NIOPosix"),
                nioSSL,
            ],
        path: "Benchmarks/Sources/skerry-bench", swiftSettings: strict),
]

let package = Package(
    name: "skerry",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "skerry", targets: ["skerry"]),
        .executable(name: "skerry-worker", targets: ["skerry-worker"]),
        .library(name: "SkerryClient", targets: ["Client"]),
    ] + roomProducts,
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.45.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: nativeTargets + roomTargets + testTargets + benchmarks
)
