package import Model

/// Merges several sorted runs of blocks into one, where there are more than a merge should hold open at once.
///
///     loop: next() -> .block(bytes)   the next block of the merged run
///                  -> .need(input)    `offer(_:to:)` it its next block, or `end(_:)` it
///                  -> .done
///
/// What comes out is what one run over all the rows would have held, but for where its blocks are cut. Holds one
/// block of each input.
package protocol RunMerger: AnyObject {
  /// - Throws: `Fault` `damaged_block`.
  func next() throws(Fault) -> RunMergeStep
  /// - Throws: `Fault` `damaged_block`, `foreign_block`.
  func offer(_ block: [UInt8], to input: Int) throws(Fault)
  func end(_ input: Int)
}

/// What a `RunMerger` says next.
package enum RunMergeStep {
  case block([UInt8])
  case need(input: Int)
  case done
}
