// swift-tools-version: 6.0
// What the Swift binding costs, by the same work in C: `run`, and scripts/bench.
import PackageDescription

let root = Context.packageDirectory + "/../../.."

let package = Package(
    name: "Bench",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Tern", path: "../../..")],
    targets: [
        .target(name: "Same", cSettings: [.unsafeFlags(["-I" + root, "-I" + root + "/include"])]),
        .executableTarget(name: "Bench", dependencies: ["Same", .product(name: "Tern", package: "Tern")]),
    ],
    swiftLanguageModes: [.v6]
)
