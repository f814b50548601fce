package import Model

/// What a stream of results says next.
package enum MergeStep {
  /// Result rows, in the order of the result. The columns are written again by the next call.
  case rows(Batch)
  /// The next block of this input is needed: `offer(_:to:)` it, or `end(_:)` the input.
  case need(input: Int)
  case done
}

/// Result batches made from stored blocks, in memory that does not grow with them: merged groups, merged
/// sorted rows or rows as they were written.
///
///     let stream: any ResultStream = try GroupMerger(...)
///     while true {
///       switch try stream.next() {
///       case .need(let input): if let block = try read(input) { try stream.offer(block, to: input) }
///                              else { stream.end(input) }
///       case .rows(let batch): ...
///       case .done: return
///       }
///     }
package protocol ResultStream: AnyObject {
  /// - Throws: `Fault` `damaged_block`, `foreign_block`; of class `data` where a value cannot be computed.
  func next() throws(Fault) -> MergeStep
  /// - Throws: `Fault` `damaged_block`, `foreign_block`.
  func offer(_ block: [UInt8], to input: Int) throws(Fault)
  func end(_ input: Int)
}
