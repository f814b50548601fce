internal import Model

/// One step of a pipeline at work on batches.
///
/// A step reads the columns of the step before, has output columns of its own where it changes any, and
/// gives back the rows that go on. What it refuses it tells the judge.
protocol StepRunner: AnyObject {
  /// The columns after this step: the same objects for every batch.
  var columns: [Column] { get }

  /// - Returns: the rows that remain; valid until the next call.
  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows
}
