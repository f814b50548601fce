internal import Model

/// Where the chunks of each source begin and end: what is asked for it, and what the answers make.
extension PlanDraft {
  private func keyRanges(_ names: [String], _ shape: SourceShape) -> KeyRanges {
    let index = shape.facts?.indexes.first { $0.columns.map(\.name).starts(with: names) }
    return KeyRanges(
      columns: names.enumerated().map { position, name in
        let column = shape.columns.first { $0.name == name }
        return KeyRanges.Column(
          name: Identifier(name), type: column?.type.base ?? .text, isNullable: column?.isNullable ?? true,
          collation: index?.columns[position].collation)
      }, relation: shape.from)
  }

  private func timeWindows(_ name: String, _ shape: SourceShape) -> TimeWindows {
    let column = shape.columns.first { $0.name == name }
    return TimeWindows(
      relation: shape.from, column: Identifier(name), type: column?.type ?? .timestamptz,
      isNullable: column?.isNullable ?? true)
  }

  private func boundaryQuestion(_ number: Int) -> PlanQuestion? {
    let shape = shapes[number]
    switch choices[number] {
    case .key(let names, let chunks, let sample, _):
      return .rows(
        connection: shape.connection,
        keyRanges(names, shape).boundaryQuery(
          filter: condition(shape), samplePercent: sample, chunks: chunks))
    case .time(let name, let span, _):
      return .rows(
        connection: shape.connection,
        timeWindows(name, shape).boundaryQuery(filter: condition(shape), span: span))
    default: return nil
    }
  }

  var boundaryQuestions: [PlanQuestion] {
    shapes.indices.compactMap(boundaryQuestion)
  }

  /// The chunks of a source, by its number, between the boundaries that are known.
  func ranges(_ number: Int, _ known: [PlanQuestion: PlanAnswer]) -> [ChunkRange] {
    let shape = shapes[number]
    var boundaries: [[String?]] = []
    if let question = boundaryQuestion(number), case .rows(let rows)? = known[question] {
      boundaries = rows
    }
    switch choices[number] {
    case .none: return [ChunkRange(relation: shape.from, predicate: nil, text: "all rows")]
    case .key(let names, _, _, _): return keyRanges(names, shape).ranges(boundaries: boundaries)
    case .time(let name, _, _): return timeWindows(name, shape).ranges(starts: boundaries)
    case .pages(let perChunk, _):
      return PageRanges(relation: shape.from, pages: shape.facts?.pages ?? 0, label: nil)
        .ranges(pagesPerChunk: perChunk)
    case .partitions(let perChunk, _): return partitionRanges(number, perChunk: perChunk)
    }
  }

  /// Partitions that the server would not read for this query are left out; each of the others
  /// goes by the parent's name, so that user SQL may qualify columns with it.
  private func partitionRanges(_ number: Int, perChunk: Int64?) -> [ChunkRange] {
    let shape = shapes[number]
    guard let facts = shape.facts else { return [] }
    let read = Set(estimates[number].relations)
    return facts.partitions.filter { read.contains($0.name) }.flatMap { partition in
      let relation: SQLText = "ONLY \(partition.name) AS \(facts.name.name)"
      if let perChunk, partition.isHeap {
        return PageRanges(relation: relation, pages: partition.pages, label: partition.name.description)
          .ranges(pagesPerChunk: perChunk)
      }
      let whole: SQLText = "\(partition.name) AS \(facts.name.name)"
      return [ChunkRange(relation: whole, predicate: nil, text: partition.name.description)]
    }
  }
}
