internal import Model

/// Row by row computation for kernels whose work per row outweighs the loop around it: NULL stays NULL, and a
/// fault goes to the frame and leaves NULL. The bodies are inlined; nothing is called through a closure.
extension Column {
  /// Calls `body` for every row that is not NULL; it writes the row's value.
  @inline(__always)
  func map(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Void) {
    rows.forEach { row in
      guard isValid(row) else { return }
      do throws(RowFault) {
        try body(row)
      } catch {
        writeNull(row)
        frame.fail(row, error)
      }
    }
  }

  @inline(__always)
  func mapIntegers(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Int64) {
    let lanes = integers
    map(rows, frame) { row throws(RowFault) in lanes[row] = try body(row) }
  }

  @inline(__always)
  func mapDoubles(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Double) {
    let lanes = doubles
    map(rows, frame) { row throws(RowFault) in lanes[row] = try body(row) }
  }

  @inline(__always)
  func mapNumerics(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Decimal) {
    resetNumerics()
    map(rows, frame) { row throws(RowFault) in setNumeric(row, try body(row)) }
  }

  @inline(__always)
  func mapIntervals(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> CalendarInterval) {
    let lanes = intervals
    map(rows, frame) { row throws(RowFault) in lanes[row] = try body(row) }
  }

  /// `body` adds the row's bytes behind those in the data buffer.
  @inline(__always)
  func mapBytes(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Void) {
    dataCount = 0
    if hasNulls { rows.forEach { slices[$0] = .empty } }
    map(rows, frame) { row throws(RowFault) in
      let start = dataCount
      do throws(RowFault) {
        try body(row)
        guard dataCount <= Column.maximumData else { throw .batchTooLarge }
        finishBytes(row, from: start)
      } catch {
        dataCount = start
        throw error
      }
    }
  }
}

extension RowFault {
  /// A text longer than can be held (54000).
  static let tooLong = RowFault(sqlState: "54000", sentence: "requested length too large")

  /// More text than a column of one batch can hold (53200). No fault of the row's: which one meets it is for the cut to
  /// say, so that it ends the run, whatever `on_fail` says.
  static let batchTooLarge = RowFault(sqlState: "53200", sentence: "out of memory for the texts of a batch")
}
