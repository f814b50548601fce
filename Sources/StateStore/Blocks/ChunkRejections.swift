package import Model

/// The rejected rows of a chunk on their way into the state store: in memory while they are few, in a spill file behind
/// that, so that a chunk of which all rows are rejected takes little memory.
package enum ChunkRejections: Sendable {
  case memory([Rejection])
  case file(SpillFile)

  /// A reader from the first row on: a transaction that is tried again begins anew.
  func reader() throws(Fault) -> Reader {
    switch self {
    case .memory(let rejections): Reader(rejections: rejections, file: nil)
    case .file(let file): Reader(rejections: [], file: try file.reader())
    }
  }

  /// Gives the rows page by page.
  struct Reader: ~Copyable {
    var rejections: [Rejection]
    var file: SpillReader?

    /// - Returns: `nil` behind the last page.
    /// - Throws: `Fault` `damaged_block`, or a `SystemFault`.
    mutating func next() throws(Fault) -> [Rejection]? {
      if !rejections.isEmpty {
        defer { rejections = [] }
        return rejections
      }
      guard let block = try file?.nextBlock() else { return nil }
      var page: [Rejection] = []
      let document = try JSONValue(parsing: String(decoding: block, as: UTF8.self))
      for element in document.elements { page.append(try Rejection(spilled: element)) }
      return page
    }
  }
}

/// Gathers the rejected rows of one chunk. Used by one task at a time.
package final class RejectionBuffer {
  private let folder: SpillFolder
  private var rejections: [Rejection] = []
  private var bytes = 0
  private var file: SpillWriter?

  /// Bytes of text held in memory; what is around the texts may take as much again.
  private static let memoryLimit = 1 << 20

  package init(in folder: SpillFolder) {
    self.folder = folder
  }

  /// - Throws: a `SystemFault` such as `disk_full`; `block_too_large`.
  package func append(_ more: [Rejection]) throws(Fault) {
    rejections += more
    for rejection in more { bytes += rejection.textBytes }
    if bytes > RejectionBuffer.memoryLimit { try flush() }
  }

  private func flush() throws(Fault) {
    if file == nil { file = try folder.makeFile() }
    let page = JSONValue.array(rejections.map(\.spilled)).text
    // What is written down is not held twice.
    rejections = []
    bytes = 0
    try file?.append(Array(page.utf8))
  }

  /// All rows, in the order that they came in.
  package func finish() throws(Fault) -> ChunkRejections {
    if file != nil, !rejections.isEmpty { try flush() }
    guard let writer = file.take() else { return .memory(rejections) }
    return .file(writer.finish())
  }
}

extension Rejection {
  fileprivate var textBytes: Int {
    row.utf8.count + broken.reduce(200) { $0 + $1.detail.utf8.count + 100 }
  }

  /// In the order that `init(spilled:)` takes them.
  fileprivate var spilled: JSONValue {
    .array([
      .integer(Int(ordinal)), .array(key.flatMap { [.string($0.name), .optional($0.text)] }), .string(step),
      .array(broken.flatMap { [.string($0.rule), .string($0.reason), .string($0.detail)] }), .string(row),
    ])
  }

  fileprivate init(spilled: JSONValue) throws(Fault) {
    let parts = spilled.elements
    guard parts.count == 5, parts[1].elements.count % 2 == 0, parts[3].elements.count % 3 == 0 else {
      throw Fault("damaged_block", .data, "A spilled page of rejected rows is malformed")
    }
    let (key, broken) = (parts[1].elements, parts[3].elements)
    self.init(
      ordinal: Int64(parts[0].intValue ?? 0),
      key: stride(from: 0, to: key.count, by: 2).map {
        NamedText(name: key[$0].stringValue ?? "", text: key[$0 + 1].stringValue)
      },
      step: parts[2].stringValue ?? "",
      broken: stride(from: 0, to: broken.count, by: 3).map {
        BrokenRule(
          rule: broken[$0].stringValue ?? "", reason: broken[$0 + 1].stringValue ?? "",
          detail: broken[$0 + 2].stringValue ?? "")
      }, row: parts[4].stringValue ?? "")
  }
}
