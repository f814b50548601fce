internal import Model

/// `select`, `rename` and `drop`: the columns that remain, in their new order. Moves no value.
final class ProjectStep: StepRunner {
  let columns: [Column]

  init(_ numbers: [Int], columns: [Column]) {
    self.columns = numbers.map { columns[$0] }
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows { rows }
}
