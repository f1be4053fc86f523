// swift-tools-version: 6.2
import PackageDescription

// A package that an app depends on for its controllers.
let package = Package(
    name: "discovery-neighbour",
    platforms: [.macOS(.v15)],
    products: [.library(name: "NeighbourLibrary", targets: ["NeighbourLibrary"])],
    dependencies: [.package(name: "martlet", path: "../../..")],
    targets: [
        .target(name: "NeighbourLibrary", dependencies: [.product(name: "Martlet", package: "martlet")])
    ],
    swiftLanguageModes: [.v6]
)
