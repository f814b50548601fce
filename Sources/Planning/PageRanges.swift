internal import Model

/// Ranges of heap pages. Sound only under one snapshot, where no row moves; the last range is
/// open, since the heap may have grown since it was measured.
struct PageRanges {
  var relation: SQLText
  var pages: Int64
  /// A name for people where the relation is one of several.
  var label: String?

  /// As few ranges as `pagesPerChunk` allows, all of a length but for one page: a short last one would leave
  /// other connections idle.
  func ranges(pagesPerChunk: Int64) -> [ChunkRange] {
    let most = max(pagesPerChunk, 1)
    let count = max((pages + most - 1) / most, 1)
    let (step, longer) = (pages / count, pages % count)
    let prefix = label.map { "\($0) " } ?? ""
    return (0..<count).map { index in
      let first = index * step + min(index, longer)
      let next = first + step + (index < longer ? 1 : 0)
      var conditions: [SQLText] = []
      if index > 0 { conditions.append("ctid >= \(tid(first))") }
      if index < count - 1 { conditions.append("ctid < \(tid(next))") }
      let end = index < count - 1 ? "to before \(next)" : "to the end"
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
