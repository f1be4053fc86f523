// swift-tools-version: 6.2
import PackageDescription

// A package of its own, since SwiftPM builds whatever shares a package with the tests of a macro for the host as well.
let package = Package(
    name: "macros",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "martlet", path: "../.."),
        .package(url: "https://github.com/swiftlang/swift-syntax.git", from: "603.0.1"),
    ],
    targets: [
        .testTarget(
            name: "MacroTests",
            dependencies: [
                .product(name: "MartletMacros", package: "martlet"),
                .product(name: "SwiftSyntaxMacroExpansion", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacrosGenericTestSupport", package: "swift-syntax"),
                .product(name: "SwiftParser", package: "swift-syntax"),
            ],
            path: "MacroTests",
            swiftSettings: [.treatAllWarnings(as: .error)])
    ],
    swiftLanguageModes: [.v6]
)
