package import Model

/// Single values in and out: for slow paths, constants, rejected rows and tests.
extension Column {
  /// The value at `row`, NULL included.
  package func value(at row: Int) -> Value {
    guard isValid(row) else { return .null }
    switch form {
    case .integers:
      let lane = integers[row]
      return switch type {
      case .boolean: .boolean(lane != 0)
      case .date: .date(Int32(truncatingIfNeeded: lane))
      case .timestamp: .timestamp(lane)
      case .timestamptz: .timestamptz(lane)
      default: .integer(lane)
      }
    case .doubles: return .double(doubles[row])
    case .numerics: return .numeric(decimal(row))
    case .bytes:
      return switch type {
      case .bytea, .opaque: .bytes(Array(bytes(row)))
      default: .text(String(decoding: bytes(row), as: UTF8.self))
      }
    case .intervals: return .interval(intervals[row])
    case .uuids: return .uuid(uuids[row])
    }
  }

  /// Writes a value at `row`. A value of another form than the column's is written as NULL.
  package func set(_ row: Int, _ value: Value) {
    assert(row < Self.capacity)
    setValid(row)
    switch (form, value) {
    case (.integers, .boolean(let value)): integers[row] = value ? 1 : 0
    case (.integers, .integer(let value)), (.integers, .timestamp(let value)),
      (.integers, .timestamptz(let value)):
      integers[row] = value
    case (.integers, .date(let days)): integers[row] = Int64(days)
    case (.doubles, .double(let value)): doubles[row] = value
    case (.numerics, .numeric(let value)): setNumeric(row, value)
    case (.bytes, .text(let value)): setText(row, value)
    case (.bytes, .bytes(let value)): setBytes(row, value)
    case (.intervals, .interval(let value)): intervals[row] = value
    case (.uuids, .uuid(let value)): uuids[row] = value
    default:
      assert(value.isNull, "\(value) does not belong into a column of \(type)")
      writeNull(row)
    }
  }

  /// Appends a value behind the last one; the column must not be full.
  package func append(_ value: Value) {
    precondition(count < Self.capacity, "a column holds \(Self.capacity) values")
    set(count, value)
    count += 1
  }

  /// Appends the value that `source`, a column of the same form, has at `row`.
  package func append(from source: Column, _ row: Int) {
    precondition(count < Self.capacity, "a column holds \(Self.capacity) values")
    copy(from: source, row, to: count)
    count += 1
  }

  /// Marks `row` NULL, leaving a lane that is safe to compute with.
  @inline(__always)
  func writeNull(_ row: Int) {
    setNull(row)
    switch form {
    case .integers, .numerics: integers[row] = 0
    case .doubles: doubles[row] = 0
    case .bytes: slices[row] = .empty
    case .intervals: intervals[row] = CalendarInterval()
    case .uuids: uuids[row] = 0
    }
  }

  /// Copies one value, NULL included, from a column of the same form.
  func copy(from source: Column, _ from: Int, to row: Int) {
    guard source.isValid(from) else { return writeNull(row) }
    setValid(row)
    switch form {
    case .integers: integers[row] = source.integers[from]
    case .doubles: doubles[row] = source.doubles[from]
    case .numerics:
      switch source.width {
      case .narrow: setNumeric(row, source.integers[from], scale: source.scale(ofRow: from))
      case .wide: setNumeric(row, source.wides[from], scale: source.scale(ofRow: from))
      case .general: setNumeric(row, source.ownDecimals[from])
      }
    case .bytes: setBytes(row, source.bytes(from))
    case .intervals: intervals[row] = source.intervals[from]
    case .uuids: uuids[row] = source.uuids[from]
    }
  }

  /// Copies the values of `rows` to the same rows here, from a column of the same form. Texts that find no room in a
  /// column any more are their rows' faults.
  /// - Parameter most: how many bytes it may hold.
  func copy(_ rows: Rows, from source: Column, _ frame: Frame, most: Int = maximumData) {
    switch form {
    case .integers:
      let (to, from) = (integers, source.integers)
      rows.forEach { to[$0] = from[$0] }
    case .doubles:
      let (to, from) = (doubles, source.doubles)
      rows.forEach { to[$0] = from[$0] }
    case .intervals:
      let (to, from) = (intervals, source.intervals)
      rows.forEach { to[$0] = from[$0] }
    case .uuids:
      let (to, from) = (uuids, source.uuids)
      rows.forEach { to[$0] = from[$0] }
    case .numerics:
      guard copyNarrow(rows, from: source) else {
        return rows.forEach { copy(from: source, $0, to: $0) }
      }
    case .bytes:
      return rows.forEach { copy($0, from: source, frame, most: most) }
    }
    if source.hasNulls {
      rows.forEach { source.isValid($0) ? setValid($0) : setNull($0) }
    } else if hasNulls {
      rows.forEach { setValid($0) }
    }
  }

  /// The same for one row.
  @inline(__always)
  func copy(_ row: Int, from source: Column, _ frame: Frame, most: Int = maximumData) {
    if form == .bytes, source.isValid(row), dataCount + Int(source.slices[row].length) > most {
      writeNull(row)
      return frame.fail(row, .batchTooLarge)
    }
    copy(from: source, row, to: row)
  }

  /// Copies the mantissas of narrow numerics of one scale, where this column's are too, or it has none yet.
  private func copyNarrow(_ rows: Rows, from source: Column) -> Bool {
    guard let scale = source.scale, source.width == .narrow, width == .narrow else { return false }
    if scaleState == Self.unsetScale { beginNumerics(.narrow, scale: scale) }
    guard scaleState == Int32(truncatingIfNeeded: scale) else { return false }
    let (to, from) = (integers, source.integers)
    rows.forEach { to[$0] = from[$0] }
    return true
  }

  /// Makes every row hold `value`: a constant that kernels read like any other column.
  func fill(_ value: Value) {
    clear()
    set(0, value)
    isConstant = true
    guard isValid(0) else {
      hasNulls = true
      validity.update(repeating: 0, count: Self.validityWords)
      lanes.initializeMemory(as: UInt8.self, repeating: 0, count: Self.capacity * form.stride)
      return
    }
    switch form {
    case .integers: integers.update(repeating: integers[0], count: Self.capacity)
    case .doubles: doubles.update(repeating: doubles[0], count: Self.capacity)
    case .bytes: slices.update(repeating: slices[0], count: Self.capacity)
    case .intervals: intervals.update(repeating: intervals[0], count: Self.capacity)
    case .uuids: uuids.update(repeating: uuids[0], count: Self.capacity)
    case .numerics:
      switch width {
      case .narrow: integers.update(repeating: integers[0], count: Self.capacity)
      case .wide: wides.update(repeating: wides[0], count: Self.capacity)
      case .general: ownDecimals = Array(repeating: ownDecimals[0], count: Self.capacity)
      }
    }
  }
}
