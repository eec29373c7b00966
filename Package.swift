// swift-tools-version: 6.3
// The targets below are the module table of Sources/ditharos/DiTharos.docc/Architecture.md; a test
// compares the two. Each module imports only modules of lower levels.
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
  .enableUpcomingFeature("ExistentialAny"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
  .enableUpcomingFeature("MemberImportVisibility"),
]

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude,
    swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
// The file descriptor type in the interface of Subprocess.
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

// Programs that libFuzzer drives. They have no main function of their own and are linked only with
// `--sanitize=fuzzer`, so an ordinary build leaves them out; `make fuzz` sets the variable.
let fuzzers: [Target] =
  Context.environment["DITHAROS_FUZZ"] == nil
  ? []
  : [
    fuzzer("SpecFuzzer", ["Compiler", "ModelSpec", "Documents", "Diagnostics", "FuzzProperties"]),
    fuzzer("SafetensorsFuzzer", ["Weights", "Diagnostics", "FuzzProperties"]),
    fuzzer("CompiledFileFuzzer", ["Weights", "Tensors", "Diagnostics", "FuzzProperties"]),
    fuzzer("RecipeFuzzer", ["Diffusion", "Media", "Diagnostics", "FuzzProperties"]),
    .target(
      name: "FuzzProperties", path: "Tests/Fuzz/FuzzProperties", swiftSettings: settings),
  ]

func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Tests/Fuzz/\(name)",
    swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "ditharos",
  products: [.executable(name: "ditharos", targets: ["ditharos"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
  ],
  targets: [
    // MARK: Level 0
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebpmux", providers: [.apt(["libwebp-dev"])]),
    // Debug builds of C targets are -O0, which would make every numeric test crawl.
    .target(
      name: "CKernels",
      cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])],
      linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread")]),
    module("Tensors"),
    module("Diagnostics"),

    // MARK: Level 1
    module("Documents", ["CYaml", "Diagnostics"]),
    module("Kernels", ["CKernels", "Tensors"]),
    module("GraphIR", ["Tensors", "Diagnostics"]),
    module("Schedules", ["Tensors", "Diagnostics"]),
    module("Text", ["Diagnostics"]),

    // MARK: Level 2
    module(
      "ModelSpec", ["Documents", "Schedules", "Text", "Tensors", "Diagnostics"],
      resources: [.embedInCode("Presets")]),
    module(
      "Weights", ["Documents", "Tensors", "Diagnostics"], resources: [.embedInCode("Layouts")]),
    module("Reference", ["GraphIR", "Tensors"]),

    // MARK: Level 3
    module("Lowering", ["ModelSpec", "GraphIR", "Schedules", "Tensors", "Diagnostics"]),
    module("Transforms", ["GraphIR", "Reference", "Tensors"]),
    module("Planning", ["GraphIR", "Tensors"]),

    // MARK: Level 4
    module(
      "Runtime",
      ["GraphIR", "Planning", "Kernels", "CKernels", "Weights", "Tensors", "Diagnostics"]
    ),

    // MARK: Level 5
    module(
      "Compiler",
      [
        "ModelSpec", "Lowering", "Transforms", "Planning", "Runtime", "GraphIR", "Schedules",
        "Weights", "Documents", "Tensors", "Diagnostics",
      ]),
    module("Media", ["CPNG", "CWebP", subprocess, systemPackage]),

    // MARK: Level 6
    module(
      "Diffusion",
      [
        "Compiler", "Runtime", "Planning", "ModelSpec", "Weights", "GraphIR", "Schedules", "Text",
        "Kernels", "Media", "Documents", "Tensors", "Diagnostics",
      ]),

    // MARK: Level 7
    module(
      "Training",
      [
        "Diffusion", "Compiler", "Runtime", "Transforms", "Planning", "Lowering", "ModelSpec",
        "Weights", "Schedules", "Kernels", "Media", "Documents", "Tensors", "Diagnostics",
      ]),

    // What the shipped sky model learns from, and how it is judged.
    module(
      "SkyScenes", ["Diffusion", "Compiler", "ModelSpec", "Media", "Documents", "Diagnostics"]),

    // MARK: Level 8
    module(
      "Reports",
      [
        "Training", "Compiler", "Diffusion", "ModelSpec", "Lowering", "Transforms", "Planning",
        "GraphIR",
        "Runtime", "Documents", "Reference", "Tensors", "Diagnostics", "Weights", "Schedules",
        "Text",
      ]),

    // MARK: Level 9
    program(
      "ditharos",
      [
        "Reports", "Training", "Diffusion", "Compiler", "Runtime", "Transforms", "Kernels",
        "ModelSpec", "Weights", "Schedules", "Documents", "Media", "Tensors", "Diagnostics",
        argumentParser, subprocess,
      ]),
    // No part of the product: `swift build --product sky-scenes` makes it.
    program(
      "sky-scenes",
      ["SkyScenes", "Kernels", "Media", "Documents", "Diagnostics", argumentParser]),

    // MARK: Tests
    tests("PackageTests", ["ModelSpec", "Diagnostics"]),
    tests("DocumentsTests", ["Documents", "GraphSamples", "Diagnostics"]),
    tests("KernelsTests", ["Kernels", "CKernels", "Tensors"]),
    tests("GraphIRTests", ["GraphIR", "GraphSamples", "Reference", "Tensors"]),
    tests("SchedulesTests", ["Schedules", "Weights", "Tensors"]),
    tests(
      "ModelSpecTests",
      ["ModelSpec", "Documents", "GraphSamples", "Text", "Tensors", "Diagnostics"]),
    tests("WeightsTests", ["Weights", "Documents", "Tensors", "Diagnostics"]),
    tests(
      "TransformsTests", ["Transforms", "GraphSamples", "GraphIR", "Reference", "Tensors"],
      exclude: ["Cases"]),
    // Graphs that several test targets run.
    .target(
      name: "GraphSamples", dependencies: ["GraphIR", "Tensors"], path: "Tests/GraphSamples",
      swiftSettings: settings),
    // Replaces the C allocator's entry points by counting ones, in tests alone.
    .target(name: "CMallocCounter", path: "Tests/CMallocCounter"),
    tests("PlanningTests", ["Planning", "GraphSamples", "GraphIR", "Tensors"]),
    tests(
      "RuntimeTests",
      [
        "Runtime", "Planning", "Transforms", "GraphIR", "Reference", "Kernels", "CKernels",
        "Weights", "GraphSamples", "CMallocCounter", "Tensors",
      ]),
    tests(
      "CompilerTests",
      [
        "Compiler", "ModelSpec", "Lowering", "Transforms", "Planning", "GraphIR", "Reference",
        "Runtime", "Weights", "Documents", "Tensors", "Diagnostics",
      ]),
    tests("MediaTests", ["Media", subprocess]),
    tests(
      "DiffusionTests",
      [
        "Diffusion", "Compiler", "Lowering", "Transforms", "ModelSpec", "Schedules", "Documents",
        "GraphIR", "Runtime", "Kernels", "Weights", "Media", "CMallocCounter", "Tensors",
        "Diagnostics",
      ]),
    tests(
      "TrainingTests",
      [
        "Training", "Compiler", "Diffusion", "Lowering", "Transforms", "ModelSpec", "Schedules",
        "Documents", "Kernels", "Media", "Weights", "CMallocCounter", "Tensors", "Diagnostics",
      ]),
    tests(
      "ReportsTests", ["Reports", "Runtime", "ModelSpec", "Documents", "Tensors", "Diagnostics"]),
    tests("SkyScenesTests", ["SkyScenes", "Documents", "Media", "Text"]),
    tests("CommandTests", ["ditharos", "Documents", "Media", "Weights", "Tensors", "Diagnostics"]),
  ] + fuzzers
)
