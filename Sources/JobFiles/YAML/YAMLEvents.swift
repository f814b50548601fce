internal import CYAML
internal import Model

/// Pulls events out of libyaml, one at a time, so that a limit stops the work at once.
///
/// Holds the C parser, whose address must not change while it lives: hence the heap, and no copies.
struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private let file: String
  /// The text in quotes behind which the parser is, where that goes over several lines.
  private var quoted: Range<Mark>?

  /// What a parser says next. Marks are places in the file.
  enum Event {
    case documentStart
    case documentEnd
    case streamStart
    case streamEnd
    case alias(String)
    case scalar(text: String, isPlain: Bool, isBlock: Bool, anchor: String?, tag: String?)
    case sequenceStart(anchor: String?, tag: String?)
    case sequenceEnd
    case mappingStart(anchor: String?, tag: String?)
    case mappingEnd
  }

  struct Mark: Hashable, Comparable {
    /// Zero-based; the column in Unicode scalars.
    var line: Int
    var column: Int

    static func < (left: Mark, right: Mark) -> Bool {
      (left.line, left.column) < (right.line, right.column)
    }
  }

  struct Positioned {
    var event: Event
    var start: Mark
    var end: Mark
  }

  /// - Throws: `Fault` `out_of_memory`.
  init(_ source: borrowing [UInt8], file: String) throws(Fault) {
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    bytes = .allocate(capacity: source.count)
    _ = bytes.initialize(from: copy source)
    self.file = file
    guard yaml_parser_initialize(parser) == 1 else {
      throw Fault("out_of_memory", .resource, "There is no memory to read \(file)")
    }
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    bytes.deallocate()
  }

  /// - Throws: `Fault` with the place and a hint where the file is no YAML.
  mutating func next() throws(Fault) -> Positioned {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else {
      throw YAMLSyntaxFault(
        parser.pointee, behind: quoted, bytes: UnsafeBufferPointer(bytes), file: file
      ).fault
    }
    defer { yaml_event_delete(&event) }
    let next = Positioned(
      event: Self.event(event), start: Mark(event.start_mark), end: Mark(event.end_mark))
    quoted = nil
    if case .scalar(_, false, false, _, _) = next.event, next.start.line < next.end.line {
      quoted = next.start..<next.end
    }
    return next
  }

  private static func event(_ event: yaml_event_t) -> Event {
    switch event.type {
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return .scalar(
        text: String(decoding: value, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
        isBlock: scalar.style == YAML_LITERAL_SCALAR_STYLE || scalar.style == YAML_FOLDED_SCALAR_STYLE,
        anchor: text(scalar.anchor), tag: text(scalar.tag))
    case YAML_SEQUENCE_START_EVENT:
      let sequence = event.data.sequence_start
      return .sequenceStart(anchor: text(sequence.anchor), tag: text(sequence.tag))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      return .mappingStart(anchor: text(mapping.anchor), tag: text(mapping.tag))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: return .streamStart
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}

extension YAMLEvents.Mark {
  init(_ mark: yaml_mark_t) {
    self.init(line: Int(clamping: mark.line), column: Int(clamping: mark.column))
  }
}
