// swift-tools-version: 6.2
import PackageDescription

// What an app's author has: a package of its own, with an executable, a library and a package it depends on.
let package = Package(
    name: "discovery-package",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "martlet", path: "../../.."),
        .package(name: "discovery-neighbour", path: "../DiscoveryNeighbour"),
    ],
    targets: [
        .executableTarget(
            name: "DiscoveryApp",
            dependencies: [
                "PackageLibrary",
                .product(name: "NeighbourLibrary", package: "discovery-neighbour"),
                .product(name: "Martlet", package: "martlet"),
            ]),
        .target(name: "PackageLibrary", dependencies: [.product(name: "Martlet", package: "martlet")]),
    ],
    swiftLanguageModes: [.v6]
)
