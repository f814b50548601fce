internal import Engine
internal import Model
internal import Runtime

extension Job {
  /// The zone of each row of a matrix that is written out, by the row's cells alone: one that hangs on parameters, or on
  /// the rows of a query, is known only when a run begins.
  var matrixZones: [(row: String, zone: String)] {
    guard timezone.literal == nil, case .rows(let cells, _)? = matrix else { return [] }
    let rows = MatrixRows(cells)
    return rows.rows.compactMap { row in row.zone(of: self).map { (rows.name(of: row), $0) } }
  }

  /// The rows of a matrix whose zone the system does not know: their runs would fail, all others go on.
  var matrixZoneFaults: [Fault] {
    guard case .rows(_, let place)? = matrix else { return [] }
    return matrixZones.compactMap { row, zone in
      do throws(Fault) {
        _ = try ZoneFiles.system.rules(named: zone)
        return nil
      } catch {
        var fault = error
        fault.sentence += ", which the matrix gives for \(name)[\(row)]"
        fault.place = place
        return fault
      }
    }
  }
}

extension MatrixRow {
  /// `nil` where the job's zone hangs on more than the row's cells.
  fileprivate func zone(of job: Job) -> String? {
    var zone = ""
    for part in job.timezone.parts {
      switch part {
      case .text(let text): zone += text
      case .reference(let reference):
        guard reference.namespace == .matrix, let cell = cells[reference.name] else { return nil }
        zone += cell
      }
    }
    return zone
  }
}
