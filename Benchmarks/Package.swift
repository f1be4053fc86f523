// swift-tools-version: 6.2
import PackageDescription

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let martlet = Target.Dependency.product(name: "Martlet", package: "martlet")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// A package of its own: whoever uses Martlet never builds the peers that it is measured against.
let package = Package(
    name: "martlet-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "martlet", path: ".."),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.0.0"),
    ],
    targets: [
        .executableTarget(
            name: "martlet-bench", dependencies: [martlet],
            // As Docs/performance.md advises apps that have middleware of their own.
            swiftSettings: strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        .executableTarget(
            name: "hummingbird-peer", dependencies: [hummingbird, nioCore, nioPosix, serviceLifecycle],
            swiftSettings: strict),
        .executableTarget(name: "nio-peer", dependencies: [nioCore, nioPosix, nioHTTP1], swiftSettings: strict),
        .target(name: "CMeasurement"),
        .executableTarget(
            name: "micro-bench",
            dependencies: [
                "CMeasurement", hummingbird, martlet, nioCore,
                .product(name: "MartletRouting", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
