// swift-tools-version: 6.2
import PackageDescription

// The manifest is the map: targets stand in the order data meets them, and a target
// imports only what stands above it. `.ci/check-imports` holds the sources to it.

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// Rooms without pointers or C calls, where every `unsafe` mark would be news.
let pure = settings + [.strictMemorySafety()]

let package = Package(
  name: "tidemark",
  products: [
    .executable(name: "tidemark", targets: ["tidemark"])
  ],
  targets: [
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CTimer"),

    // Square roots of doubles are calls of the C library in debug builds.
    .target(name: "Model", swiftSettings: pure, linkerSettings: [.linkedLibrary("m")]),
    .target(name: "Runtime", dependencies: ["Model", "CTimer"], swiftSettings: settings),
    .target(name: "Timetable", dependencies: ["Model"], swiftSettings: pure),
    .target(name: "Expressions", dependencies: ["Model"], swiftSettings: pure),
    .target(
      name: "JobFiles", dependencies: ["Model", "Runtime", "Timetable", "Expressions", "CYAML"],
      swiftSettings: settings),
    .target(name: "Planning", dependencies: ["Model", "Expressions"], swiftSettings: pure),
    .target(name: "Compute", dependencies: ["Model", "Expressions"], swiftSettings: settings),
    .target(name: "Formats", dependencies: ["Model", "Compute"], swiftSettings: settings),
    .target(
      name: "Postgres", dependencies: ["Model", "Runtime", "CLibPQ"],
      resources: [
        .embedInCode("SQL/relation.sql"), .embedInCode("SQL/columns.sql"),
        .embedInCode("SQL/indexes.sql"), .embedInCode("SQL/partitions.sql"),
        .embedInCode("SQL/types.sql"), .embedInCode("SQL/server.sql"),
      ],
      swiftSettings: settings),
    .target(
      name: "StateStore", dependencies: ["Model", "Runtime", "Postgres", "CSQLite", "CZlib"],
      swiftSettings: settings),
    .target(
      name: "Sinks",
      dependencies: ["Model", "Runtime", "Compute", "Formats", "Postgres", "CZlib", "CCrypto"],
      swiftSettings: settings),
    .target(
      name: "Notices", dependencies: ["Model", "Runtime", "CCurl"], swiftSettings: settings),
    .target(
      name: "Engine",
      dependencies: [
        "Model", "Runtime", "Timetable", "Expressions", "Planning", "Compute", "Formats",
        "Postgres", "StateStore", "Sinks", "Notices",
      ],
      swiftSettings: settings),
    .target(
      name: "Scheduler",
      dependencies: ["Model", "Runtime", "Timetable", "StateStore", "Engine"],
      swiftSettings: settings),
    .target(
      name: "DemoServer", dependencies: ["Model", "Runtime", "Postgres"],
      swiftSettings: settings),
    .target(
      name: "Commands",
      dependencies: [
        "Model", "Runtime", "Timetable", "JobFiles", "Planning", "Postgres", "StateStore", "Sinks",
        "Engine", "Scheduler", "DemoServer",
      ],
      swiftSettings: settings),
    .executableTarget(name: "tidemark", dependencies: ["Commands"], swiftSettings: settings),

    .executableTarget(
      name: "KernelBenchmarks", dependencies: ["Model", "Expressions", "JobFiles", "Compute"],
      path: "benchmarks/kernels", exclude: ["run"], swiftSettings: settings),
    // What `benchmarks/schedules/run` measures inside of a process.
    .executableTarget(
      name: "ScheduleBenchmarks",
      dependencies: ["Model", "Runtime", "Timetable", "JobFiles", "StateStore", "Engine", "Scheduler"],
      path: "benchmarks/schedules", exclude: ["run"], swiftSettings: settings),

    // What tests of the whole program share: a project folder, a database, the program itself.
    .target(
      name: "ProjectRig", dependencies: ["Model", "Runtime", "Postgres", "DemoServer"],
      path: "Tests/ProjectRig", swiftSettings: settings),
    // The files of the checkout that tests take their cases from.
    .target(
      name: "CaseFiles", dependencies: ["Model", "Runtime"], path: "Tests/CaseFiles", swiftSettings: settings),
    // Seeds and numbers of generated tests.
    .target(name: "Seeds", dependencies: ["Runtime"], path: "Tests/Seeds", swiftSettings: settings),
    .testTarget(name: "ModelTests", dependencies: ["Model", "CaseFiles"], swiftSettings: settings),
    .testTarget(
      name: "RuntimeTests", dependencies: ["Runtime", "Model"], swiftSettings: settings),
    .testTarget(
      name: "TimetableTests", dependencies: ["Timetable", "Model", "CaseFiles", "Seeds"],
      swiftSettings: settings),
    .testTarget(
      name: "ExpressionsTests", dependencies: ["Expressions", "Model", "CaseFiles", "Seeds"],
      swiftSettings: settings),
    .testTarget(
      name: "JobFilesTests", dependencies: ["JobFiles", "Model", "CaseFiles"], swiftSettings: settings),
    .testTarget(
      name: "PlanningTests", dependencies: ["Planning", "Model", "Expressions"],
      swiftSettings: settings),
    .testTarget(
      name: "ComputeTests", dependencies: ["Compute", "Model", "Expressions", "CaseFiles", "Seeds"],
      swiftSettings: settings),
    .testTarget(
      name: "FormatsTests", dependencies: ["Formats", "Compute", "Model"],
      swiftSettings: settings),
    .testTarget(
      name: "PostgresTests", dependencies: ["Postgres", "Model", "Runtime", "DemoServer", "ProjectRig"],
      swiftSettings: settings),
    .testTarget(
      name: "StateStoreTests",
      dependencies: ["StateStore", "Model", "Runtime", "Postgres", "DemoServer", "ProjectRig"],
      swiftSettings: settings),
    .testTarget(
      name: "SinksTests",
      dependencies: ["Sinks", "Model", "Runtime", "Compute", "Postgres", "DemoServer"],
      swiftSettings: settings),
    .testTarget(
      name: "NoticesTests", dependencies: ["Notices", "Model", "Runtime", "CCurl"],
      swiftSettings: settings),
    .testTarget(
      name: "EngineTests",
      dependencies: [
        "Engine", "Model", "Runtime", "Timetable", "StateStore", "Planning", "Postgres", "Sinks",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SchedulerTests",
      dependencies: [
        "Scheduler", "Model", "Runtime", "Timetable", "StateStore", "Engine", "JobFiles", "DemoServer",
        "Seeds",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "OracleTests",
      dependencies: [
        "Model", "Runtime", "Expressions", "JobFiles", "Compute", "Postgres", "StateStore", "DemoServer",
        "ProjectRig", "CaseFiles", "Seeds", "tidemark",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CommandsTests",
      dependencies: [
        "Model", "Runtime", "Postgres", "StateStore", "DemoServer", "ProjectRig", "CaseFiles", "Seeds",
        "tidemark",
      ],
      swiftSettings: settings),
  ]
)
