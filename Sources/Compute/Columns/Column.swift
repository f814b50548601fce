package import Model

/// A vector of up to 2,048 values of one SQL type, and the register that kernels read and write.
///
/// Values lie in typed lanes (`ColumnForm`); a NULL's lane holds an unspecified value that is safe to compute
/// with. The memory is the column's own, is reused from batch to batch, and lives as long as the column.
///
/// `type` settles the form only. A column may stand for an expression of another type with the same form and
/// the same `Value`s (`varchar` for `text`, `integer` for `bigint`); what the values are called is in the
/// schema beside it.
///
/// Not safe to use from two threads at once while anything writes.
package final class Column {
  package static let capacity = 2_048
  static let validityWords = capacity / 64

  package let type: SQLType
  package let form: ColumnForm
  /// What changes from batch to batch. It lies behind a pointer because a class's own variables are checked
  /// for overlapping access at run time, which kernels would pay for in every row.
  @usableFromInline
  struct State {
    @usableFromInline var count = 0
    @usableFromInline var hasNulls = false
    var isConstant = false
    @usableFromInline var data: UnsafeMutablePointer<UInt8>
    var dataCount = 0
    var dataCapacity: Int
    @usableFromInline var width = NumericWidth.narrow
    var scaleState = Column.unsetScale
    var scales: UnsafeMutablePointer<UInt16>?
    var wides: UnsafeMutablePointer<Int128>?
  }

  @usableFromInline let state: UnsafeMutablePointer<State>
  @usableFromInline let lanes: UnsafeMutableRawPointer
  /// One bit per row, 1 for a value, 0 for NULL; means nothing unless `hasNulls`.
  package let validity: UnsafeMutablePointer<UInt64>
  /// Numerics of the width `.general`, else empty or stale.
  var ownDecimals: [Decimal] = []

  package init(_ type: SQLType) {
    self.type = type
    form = ColumnForm(type)
    validity = .allocate(capacity: Self.validityWords)
    validity.initialize(repeating: .max, count: Self.validityWords)
    let size = Self.capacity * form.stride
    lanes = .allocate(byteCount: size, alignment: 64)
    lanes.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    switch form {
    case .integers, .numerics: lanes.bindMemory(to: Int64.self, capacity: Self.capacity)
    case .doubles: lanes.bindMemory(to: Double.self, capacity: Self.capacity)
    case .bytes: lanes.bindMemory(to: ByteSlice.self, capacity: Self.capacity)
    case .intervals: lanes.bindMemory(to: CalendarInterval.self, capacity: Self.capacity)
    case .uuids: lanes.bindMemory(to: UInt128.self, capacity: Self.capacity)
    }
    let dataCapacity = form == .bytes ? 4_096 : 0
    state = .allocate(capacity: 1)
    state.initialize(to: State(data: GrowingMemory.allocate(dataCapacity), dataCapacity: dataCapacity))
  }

  deinit {
    validity.deallocate()
    lanes.deallocate()
    state.pointee.scales?.deallocate()
    state.pointee.wides?.deallocate()
    GrowingMemory.free(state.pointee.data)
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Rows appended since `clear`. Kernels, which write by row number, leave it alone.
  @inlinable package internal(set) var count: Int {
    get { state.pointee.count }
    set { state.pointee.count = newValue }
  }

  /// False where no row is NULL, so that a mask need not be looked at.
  @inlinable package var hasNulls: Bool {
    get { state.pointee.hasNulls }
    set { state.pointee.hasNulls = newValue }
  }

  /// Every row holds the same value: a literal's register.
  var isConstant: Bool {
    get { state.pointee.isConstant }
    set { state.pointee.isConstant = newValue }
  }

  /// Forgets all rows, and gives the memory of an unusually large batch back.
  func startBatch() {
    trimData()
    clear()
  }

  /// Forgets all rows, keeping the memory.
  package func clear() {
    count = 0
    hasNulls = false
    dataCount = 0
    state.pointee.isConstant = false
    if form == .numerics { resetNumerics() }
  }

  /// The lanes of the form `.integers`, or of narrow numerics.
  @inlinable package var integers: UnsafeMutablePointer<Int64> {
    assert(form == .integers || form == .numerics)
    return lanes.assumingMemoryBound(to: Int64.self)
  }

  @inlinable package var doubles: UnsafeMutablePointer<Double> {
    assert(form == .doubles)
    return lanes.assumingMemoryBound(to: Double.self)
  }

  @inlinable package var slices: UnsafeMutablePointer<ByteSlice> {
    assert(form == .bytes)
    return lanes.assumingMemoryBound(to: ByteSlice.self)
  }

  @inlinable package var intervals: UnsafeMutablePointer<CalendarInterval> {
    assert(form == .intervals)
    return lanes.assumingMemoryBound(to: CalendarInterval.self)
  }

  @inlinable package var uuids: UnsafeMutablePointer<UInt128> {
    assert(form == .uuids)
    return lanes.assumingMemoryBound(to: UInt128.self)
  }
}
