// swift-tools-version: 6.2
import PackageDescription

/// Fuzz targets for the decoders of skerry: see README.md. Built by `run`, which adds libFuzzer's flags.
let package = Package(
    name: "skerry-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "skerry", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CLibFuzzer"),
        .executableTarget(
            name: "skerry-fuzz",
            dependencies: [
                "CLibFuzzer",
                .product(name: "Blake3", package: "skerry"),
                .product(name: "Identity", package: "skerry"),
                .product(name: "Wire", package: "skerry"),
                .product(name: "BlobStore", package: "skerry"),
                .product(name: "Manifests", package: "skerry"),
                .product(name: "AppManifests", package: "skerry"),
                .product(name: "Peering", package: "skerry"),
                .product(name: "Exchange", package: "skerry"),
                .product(name: "Membership", package: "skerry"),
                .product(name: "Discovery", package: "skerry"),
                .product(name: "Ledger", package: "skerry"),
                .product(name: "LedgerLog", package: "skerry"),
                .product(name: "EtcdLog", package: "skerry"),
                .product(name: "ControlModel", package: "skerry"),
                .product(name: "Recordings", package: "skerry"),
                .product(name: "Secrets", package: "skerry"),
                .product(name: "Certificates", package: "skerry"),
                .product(name: "Gateway", package: "skerry"),
                .product(name: "Origins", package: "skerry"),
                .product(name: "HTTPCache", package: "skerry"),
                .product(name: "Functions", package: "skerry"),
                .product(name: "FunctionServices", package: "skerry"),
                .product(name: "Node", package: "skerry"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .treatAllWarnings(as: .error),
            ],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
)
