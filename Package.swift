// swift-tools-version: 6.2
import CompilerPluginSupport
import PackageDescription

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let swiftSyntax = Package.Dependency.package(url: "https://github.com/swiftlang/swift-syntax.git", from: "603.0.1")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

/// What is planned other than all that is below. Both plans are at the end.
let plan = Context.environment["MARTLET_PLAN"]
/// The macros' plugin, unless the compiler is told of one that is built.
let macros: [Target.Dependency] = plan == "built-macros" ? [] : ["MartletMacros"]

/// The only test targets to plan, between commas: whoever works on one part need not build the tests of all.
let onlyTests = Context.environment["MARTLET_TESTS"]?.split(separator: ",").map(String.init)

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
/// An async function runs where its caller does: without it each call in a request's chain asks for its executor anew.
let strictOnCaller = strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Martlet", targets: ["Martlet"]),
        .library(name: "MartletTesting", targets: ["MartletTesting"]),
        .library(name: "MartletClient", targets: ["MartletClient"]),
        .library(name: "MartletSQLite", targets: ["MartletSQLite"]),
        .library(name: "MartletIdentity", targets: ["MartletIdentity"]),
        .library(name: "MartletJWT", targets: ["MartletJWT"]),
        .executable(name: "ExampleApp", targets: ["ExampleAppMain"]),
        .library(name: "MartletServiceLifecycle", targets: ["MartletServiceLifecycle"]),
        .library(name: "MartletEventStream", targets: ["MartletEventStream"]),
        .library(name: "MartletRouting", targets: ["MartletRouting"]),
    ],
    dependencies: [
        swiftSyntax,
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
    ],
    targets: [
        // Arrows only point up this list (Docs/architecture.md).
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CRegistry"),
        .target(name: "MartletRouting", path: "Sources/Routing", swiftSettings: strict),
        .target(
            name: "MartletEventStream", dependencies: macros + [nio], path: "Sources/EventStream", swiftSettings: strict
        ),
        .macro(
            name: "MartletMacros",
            dependencies: [
                "MartletRouting",
                .product(name: "SwiftSyntaxMacros", package: "swift-syntax"),
                .product(name: "SwiftCompilerPlugin", package: "swift-syntax"),
            ],
            path: "Sources/Macros",
            swiftSettings: strict),
        .target(
            name: "MartletCore",
            dependencies: macros + [
                "CRegistry", "CZlib", "MartletRouting", "MartletEventStream", nio, nioPosix, httpTypes, logging,
                metrics,
            ],
            path: "Sources/Framework",
            swiftSettings: strictOnCaller),
        .target(
            name: "MartletMiddleware",
            dependencies: ["MartletCore", "CZlib"],
            path: "Sources/Middleware",
            resources: [.embedInCode("relay.js"), .embedInCode("martlet.js")],
            swiftSettings: strictOnCaller),
        .target(
            name: "MartletServer",
            dependencies: ["MartletCore", nio, nioPosix, httpTypes, logging],
            path: "Sources/Server",
            swiftSettings: strictOnCaller),
        .target(
            name: "Martlet",
            dependencies: [
                "MartletCore", "MartletMiddleware", "MartletServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(
            name: "MartletTesting",
            dependencies: [
                "MartletCore", "MartletMiddleware", "MartletRouting", "MartletServer", nio, nioPosix, logging,
            ],
            path: "Sources/TestHost",
            swiftSettings: strict),
        // A product of its own: only who asks for it builds async-http-client.
        .target(
            name: "MartletClient",
            dependencies: [
                "MartletEventStream", "CZlib", nio, nioHTTP1, httpTypes,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            path: "Sources/Client",
            swiftSettings: strict),
        .target(
            name: "MartletSQLite",
            dependencies: ["MartletCore", "MartletMiddleware", grdb],
            path: "Sources/SQLite",
            swiftSettings: strict),
        // A product of its own: BoringSSL takes a minute to build.
        .target(
            name: "MartletIdentity",
            dependencies: [
                "MartletCore", "MartletMiddleware", nio, nioPosix, httpTypes, logging, crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            path: "Sources/Identity",
            resources: [.embedInCode("Passwords/common-passwords.txt")],
            swiftSettings: strictOnCaller),
        // A product of its own: only who asks for it builds jwt-kit, and BoringSSL and X.509 with it.
        .target(
            name: "MartletJWT", dependencies: ["MartletCore", "MartletMiddleware", jwtKit], path: "Sources/JWT",
            swiftSettings: strictOnCaller),
        // A product of its own: who has no such services does not build async-algorithms.
        .target(
            name: "MartletServiceLifecycle", dependencies: ["MartletCore", serviceLifecycle],
            path: "Sources/ServiceLifecycle", swiftSettings: strict),
        .testTarget(name: "RoutingTests", dependencies: ["MartletRouting"], swiftSettings: strict),
        .testTarget(name: "EventStreamTests", dependencies: ["MartletEventStream", nio], swiftSettings: strict),
        // What discovery has to find beside the test target's own controllers.
        .target(
            name: "ControllerLibrary",
            dependencies: ["Martlet"],
            path: "Tests/Fixtures/ControllerLibrary",
            swiftSettings: strict),
        .testTarget(
            name: "DiscoveryTests",
            dependencies: ["CRegistry", "Martlet", "MartletTesting", "ControllerLibrary", "ExampleApp"],
            swiftSettings: strict),
        // An independent reader of what Martlet compresses.
        .target(name: "GzipReader", dependencies: ["CZlib"], path: "Tests/GzipReader", swiftSettings: strict),
        // Event delivery on stepped loops, and the model that it is held against.
        .target(
            name: "EventModel",
            dependencies: ["MartletCore", "MartletEventStream", "MartletTesting", nio, logging],
            path: "Tests/EventModel",
            swiftSettings: strict),
        .testTarget(
            name: "EventDeliveryTests",
            dependencies: [
                "Martlet", "MartletTesting", "EventModel", "GzipReader", nio, nioPosix, logging,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FrameworkTests",
            dependencies: ["Martlet", "MartletServiceLifecycle", "MartletTesting", "GzipReader", serviceLifecycle],
            swiftSettings: strict),
        .testTarget(
            name: "MiddlewareTests", dependencies: ["Martlet", "MartletTesting", "GzipReader"], swiftSettings: strict),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Martlet", "MartletTesting", "GzipReader", nio, nioPosix,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SQLiteTests", dependencies: ["Martlet", "MartletSQLite", "MartletTesting", grdb],
            swiftSettings: strict),
        .testTarget(
            name: "IdentityTests",
            dependencies: [
                "Martlet", "MartletIdentity", "MartletTesting", nio,
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "JWTTests", dependencies: ["Martlet", "MartletJWT", "MartletTesting"], swiftSettings: strict),
        .testTarget(name: "TestHostTests", dependencies: ["Martlet", "MartletTesting", nio], swiftSettings: strict),
        .testTarget(name: "ExampleAppTests", dependencies: ["ExampleApp", "MartletTesting"], swiftSettings: strict),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "MartletClient", "Martlet", "MartletTesting", "CZlib", nio, nioPosix, nioHTTP1, httpTypes,
            ],
            swiftSettings: strict),
        // Every Swift sample of README.md and Docs stands in this target.
        .testTarget(
            name: "DocsTests",
            dependencies: [
                "Martlet", "MartletClient", "MartletIdentity", "MartletJWT", "MartletServiceLifecycle", "MartletSQLite",
                "MartletTesting", nio, serviceLifecycle,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "EventClient",
            dependencies: ["MartletClient", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
        .executableTarget(
            name: "ContractService",
            dependencies: ["MartletClient", "Martlet"],
            swiftSettings: strict),
        .target(
            name: "ExampleApp",
            dependencies: ["Martlet", "MartletIdentity", "MartletJWT", "MartletSQLite"],
            resources: [.copy("Public")],
            swiftSettings: strict),
        // What Scripts/soak runs; no products.
        .executableTarget(
            name: "SoakServer", dependencies: ["Martlet", "MartletSQLite"], path: "Soak/Server", swiftSettings: strict),
        .executableTarget(
            name: "ModelSoak",
            dependencies: ["EventModel", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Soak/Model",
            swiftSettings: strict),
        .executableTarget(name: "ExampleAppMain", dependencies: ["ExampleApp"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

if let onlyTests { package.targets.removeAll { $0.type == .test && !onlyTests.contains($0.name) } }

switch plan {
case "macros":
    // SwiftPM builds whatever shares a plan with the tests of a macro for the host, too. So those tests have a plan of their
    // own, in the same build folder, with the macros, what these are made of, and nothing else.
    package.name = "martlet-macros"
    package.products = []
    package.dependencies = [swiftSyntax]
    package.targets.removeAll { !["MartletRouting", "MartletMacros"].contains($0.name) }
    package.targets.append(
        .testTarget(
            name: "MacroTests",
            dependencies: [
                "MartletMacros",
                .product(name: "SwiftSyntaxMacroExpansion", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacrosGenericTestSupport", package: "swift-syntax"),
                .product(name: "SwiftParser", package: "swift-syntax"),
            ],
            swiftSettings: strict))
case "built-macros":
    // A release build compiles the macros and swift-syntax optimised, which takes longer than everything else together, to
    // run them for seconds. With this plan it takes the plugin of a debug build: -Xswiftc -load-plugin-executable.
    package.dependencies.removeFirst()
    package.targets.removeAll { $0.name == "MartletMacros" }
case let other?:
    fatalError("MARTLET_PLAN is 'macros', 'built-macros' or not set, not '\(other)'.")
case nil:
    break
}
