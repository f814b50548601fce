/// One node of a compiled expression: computes its output register for the given rows.
///
/// A kernel reads and writes only the rows it is given, has no state that outlives a call, and reports what
/// cannot be computed to the frame, row by row. One dynamic call per batch; the loops inside are concrete.
protocol Kernel {
  func run(_ rows: Rows, _ frame: Frame)
}

/// The number of a vector in a frame.
struct Register: Hashable {
  let index: Int
}

/// A straight run of kernels that leaves its value in `result`. What is evaluated lazily (the branches of a
/// CASE, the later operands of AND) is a block of its own.
struct Block {
  let kernels: [any Kernel]
  let result: Register
}
