internal import Glibc
internal import Model
internal import Runtime

/// Finds the folder of this very project, whose jobs and data the demo uses.
enum ProjectFolder {
  /// The nearest folder above the working folder, or above the program, that has the demo's data.
  /// - Throws: `Fault` `no_demo`.
  static func demo() throws(Fault) -> String {
    for start in [".", programFolder] {
      var folder = start
      for _ in 0..<8 {
        if access(folder + "/fixtures/shop/generate.sql", R_OK) == 0, let path = Path.real(folder) {
          return path
        }
        folder += "/.."
      }
    }
    throw Fault(
      "no_demo", .notFound, "The demo's data (fixtures/shop) is not here",
      hint: "Run the demo from a checkout of Tidemark")
  }

  private static var programFolder: String {
    Path.real("/proc/self/exe").map { FolderTree.parent(of: $0) } ?? "."
  }
}
