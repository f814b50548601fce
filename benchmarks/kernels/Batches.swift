import Compute
import Model

/// Rows like those of TPC-H's `lineitem`, in as many batches as do not fit into a processor's caches.
struct Batches {
  static let count = 1_024
  static let rows = count * Column.capacity

  static let schema: [ColumnSchema] = [
    ColumnSchema(name: "quantity", type: .integer), ColumnSchema(name: "limits", type: .integer),
    ColumnSchema(name: "price", type: .numeric(.init(precision: 15, scale: 2))),
    ColumnSchema(name: "discount", type: .numeric(.init(precision: 15, scale: 2))),
    ColumnSchema(name: "tax", type: .numeric(.init(precision: 15, scale: 2))),
    ColumnSchema(name: "mode", type: .text), ColumnSchema(name: "comment", type: .text),
  ]
  static let modes = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]
  static let words = [
    "quickly", "furiously", "special", "deposits", "packages", "requests", "final", "ironic",
  ]

  let columns: [[Column]]

  /// The same rows each time.
  init() {
    var state: UInt64 = 1
    func random(_ bound: Int64) -> Int64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int64(state >> 33) % bound
    }
    columns = (0..<Self.count).map { _ in
      let columns = Self.schema.map { Column($0.type) }
      for _ in 0..<Column.capacity {
        columns[0].append(.integer(1 + random(50)))
        columns[1].append(.integer(1 + random(50)))
        columns[2].append(.numeric(Decimal(mantissa: Int128(90_000 + random(10_400_000)), scale: 2)))
        columns[3].append(.numeric(Decimal(mantissa: Int128(random(11)), scale: 2)))
        columns[4].append(.numeric(Decimal(mantissa: Int128(random(9)), scale: 2)))
        columns[5].append(.text(Self.modes[Int(random(7))]))
        columns[6].append(.text((0..<4).map { _ in Self.words[Int(random(8))] }.joined(separator: " ")))
      }
      return columns
    }
  }
}
