// swift-tools-version: 6.0
// The Swift package: docs/ios.md. On Apple's systems the C library comes as the XCFramework that bindings/swift/xcframework
// makes; elsewhere it is the one that CMake has built, in the folder that TERN_BUILD names (build/dev without).
import PackageDescription

let linux = Context.environment["TERN_BUILD"] ?? Context.packageDirectory + "/build/dev"
let sources = "bindings/swift/Sources/"

#if os(Linux)
let core = Target.target(
    name: "CTern", path: sources + "CTern",
    linkerSettings: [
        .unsafeFlags([linux, linux + "/medication"].flatMap { ["-L" + $0, "-Xlinker", "-rpath", "-Xlinker", $0] }),
        .linkedLibrary("tern"), .linkedLibrary("tern-medication"),
    ])
#else
let core = Target.binaryTarget(name: "CTern", path: "build/xcframework/CTern.xcframework")
#endif

let package = Package(
    name: "Tern",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Tern", targets: ["Tern"])],
    targets: [
        core,
        .target(name: "Tern", dependencies: ["CTern"], path: sources + "Tern", resources: [.copy("PrivacyInfo.xcprivacy")]),
        .executableTarget(name: "tern-day", dependencies: ["Tern"], path: "bindings/swift/Sample"),
        .testTarget(name: "TernTests", dependencies: ["Tern", "tern-day"], path: "bindings/swift/Tests/TernTests"),
    ],
    swiftLanguageModes: [.v6]
)
