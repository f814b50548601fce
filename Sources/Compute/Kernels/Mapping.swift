internal import Model

/// Row by row computation for kernels whose work per row outweighs the loop around it: NULL stays NULL, and a
/// fault goes to the frame and leaves NULL. The bodies are inlined; nothing is called through a closure.
extension Column {
  @inline(__always)
  func mapIntegers(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Int64) {
    let lanes = integers
    rows.forEach { row in
      guard isValid(row) else { return }
      do throws(RowFault) {
        lanes[row] = try body(row)
      } catch {
        lanes[row] = 0
        setNull(row)
        frame.fail(row, error)
      }
    }
  }

  @inline(__always)
  func mapDoubles(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Double) {
    let lanes = doubles
    rows.forEach { row in
      guard isValid(row) else { return }
      do throws(RowFault) {
        lanes[row] = try body(row)
      } catch {
        lanes[row] = 0
        setNull(row)
        frame.fail(row, error)
      }
    }
  }

  @inline(__always)
  func mapNumerics(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Decimal) {
    resetNumerics()
    rows.forEach { row in
      guard isValid(row) else { return }
      do throws(RowFault) {
        setNumeric(row, try body(row))
      } catch {
        writeNull(row)
        frame.fail(row, error)
      }
    }
  }

  @inline(__always)
  func mapIntervals(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> CalendarInterval) {
    let lanes = intervals
    rows.forEach { row in
      guard isValid(row) else { return }
      do throws(RowFault) {
        lanes[row] = try body(row)
      } catch {
        writeNull(row)
        frame.fail(row, error)
      }
    }
  }

  /// `body` adds the row's bytes behind those in the data buffer.
  @inline(__always)
  func mapBytes(_ rows: Rows, _ frame: Frame, _ body: (Int) throws(RowFault) -> Void) {
    dataCount = 0
    rows.forEach { row in
      guard isValid(row) else { return slices[row] = .empty }
      let start = dataCount
      do throws(RowFault) {
        try body(row)
        guard dataCount <= Column.maximumData else { throw .tooLong }
        finishBytes(row, from: start)
      } catch {
        dataCount = start
        writeNull(row)
        frame.fail(row, error)
      }
    }
  }
}

extension RowFault {
  /// A text longer than can be held (54000).
  static let tooLong = RowFault(sqlState: "54000", sentence: "requested length too large")
}
