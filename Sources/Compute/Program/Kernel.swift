/// One node of a compiled expression: computes its output register for the given rows.
///
/// A kernel reads and writes only the rows it is given, has no state that outlives a call, and reports what
/// cannot be computed to the frame, row by row. One dynamic call per batch; the loops inside are concrete.
protocol Kernel {
  func run(_ rows: Rows, _ frame: Frame)
}

/// A kernel that is NULL wherever its first operand is: `out` has those NULLs when `run` is called.
protocol UnaryKernel: Kernel {
  var operand: Register { get }
  var output: Register { get }

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column)
}

extension UnaryKernel {
  func run(_ rows: Rows, _ frame: Frame) {
    let (from, out) = (frame[operand], frame[output])
    out.takeNulls(of: from)
    run(rows, frame, from, out)
  }
}

/// A kernel that is NULL wherever one of its two operands is: `out` has those NULLs when `run` is called.
protocol BinaryKernel: Kernel {
  var left: Register { get }
  var right: Register { get }
  var output: Register { get }

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column)
}

extension BinaryKernel {
  func run(_ rows: Rows, _ frame: Frame) {
    let (left, right, out) = (frame[left], frame[right], frame[output])
    out.takeNulls(of: left, right)
    run(rows, frame, left, right, out)
  }
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
