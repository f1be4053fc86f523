// swift-tools-version: 6.2
import CompilerPluginSupport
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// A package of its own, since SwiftPM builds whatever shares a package with the tests of a macro for the host as well. Its
// sources are the framework's, by way of links.
let package = Package(
    name: "macros",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/swiftlang/swift-syntax.git", from: "603.0.1")],
    targets: [
        .target(name: "MartletRouting", path: "Sources/Routing", swiftSettings: strict),
        .macro(
            name: "MartletMacros",
            dependencies: [
                "MartletRouting",
                .product(name: "SwiftSyntaxMacros", package: "swift-syntax"),
                .product(name: "SwiftCompilerPlugin", package: "swift-syntax"),
            ],
            path: "Sources/Macros",
            swiftSettings: strict),
        .testTarget(
            name: "MacroTests",
            dependencies: [
                "MartletMacros",
                .product(name: "SwiftSyntaxMacroExpansion", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacrosGenericTestSupport", package: "swift-syntax"),
                .product(name: "SwiftParser", package: "swift-syntax"),
            ],
            path: "MacroTests",
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
