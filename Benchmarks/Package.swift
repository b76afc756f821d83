// swift-tools-version: 6.2
import PackageDescription

/// Measures the rooms of skerry in process, beside peers: see README.md.
let package = Package(
    name: "skerry-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "skerry", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    ],
    targets: [
        .executableTarget(
            name: "machine-bench",
            dependencies: [
                .product(name: "Machines", package: "skerry"), .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "skerry-bench",
            dependencies: [
                .product(name: "Blake3", package: "skerry"),
                .product(name: "Identity", package: "skerry"),
                .product(name: "Wire", package: "skerry"),
                .product(name: "BlobStore", package: "skerry"),
                .product(name: "Peering", package: "skerry"),
                .product(name: "Exchange", package: "skerry"),
                .product(name: "Discovery", package: "skerry"),
                .product(name: "Ledger", package: "skerry"),
                .product(name: "Stark", package: "skerry"),
                .product(name: "Channels", package: "skerry"),
                .product(name: "PaidDelivery", package: "skerry"),
                .product(name: "LedgerLog", package: "skerry"),
                .product(name: "EtcdLog", package: "skerry"),
                .product(name: "HTTPCache", package: "skerry"),
                .product(name: "Stark", package: "skerry"),
                .product(name: "AckProofs", package: "skerry"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .treatAllWarnings(as: .error),
            ]),
    ]
)
