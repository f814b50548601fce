internal import Model

/// Ranges of heap pages. Sound only under one snapshot, where no row moves; the last range is
/// open, since the heap may have grown since it was measured.
struct PageRanges {
  var relation: SQLText
  var pages: Int64
  /// A name for people where the relation is one of several.
  var label: String?

  func ranges(pagesPerChunk: Int64) -> [ChunkRange] {
    let step = max(pagesPerChunk, 1)
    let count = max((pages + step - 1) / step, 1)
    let prefix = label.map { "\($0) " } ?? ""
    return (0..<count).map { index in
      let first = index * step
      var conditions: [SQLText] = []
      if index > 0 { conditions.append("ctid >= \(tid(first))") }
      if index < count - 1 { conditions.append("ctid < \(tid(first + step))") }
      let end = index < count - 1 ? "to before \(first + step)" : "to the end"
      return ChunkRange(
        relation: relation,
        predicate: conditions.isEmpty ? nil : "\(conditions, separator: " AND ")",
        text: count == 1 ? "\(prefix)all pages" : "\(prefix)pages from \(first) \(end)")
    }
  }

  private func tid(_ page: Int64) -> SQLText {
    SQLText(trusted: "'(\(page),0)'::tid")
  }
}
