package import Model

/// Blocks, one at a time, made while they are taken: a chunk's partial, a spilled run, or merged partials.
package protocol BlockStream: AnyObject {
  /// The next block, or nil after the last.
  func next() throws(Fault) -> [UInt8]?
}

/// What became of rows that were added.
package enum AddResult {
  case ok
  /// Memory is full: all blocks of the run must be taken and kept as one input of a later merge before more
  /// is added.
  case spill(any BlockStream)
}
