internal import Model

extension FieldTarget {
  /// Decodes a field of a text COPY.
  /// - Returns: where it ends; `nil` where it is no value of the type.
  @inline(__always)
  mutating func decode(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    if field.isNull {
      setNull(row)
      return field.start + 2
    }
    switch kind {
    case .numeric:
      if 0...7 ~= scale, let number = field.fixedPoint(scale: Int(truncatingIfNeeded: scale)) {
        store(number.mantissa, row)
        return number.end
      }
      return decodeAnyNumeric(field, row: row)
    case .int16, .int32, .int64: return decodeInteger(field, row: row)
    case .text: return decodeLetter(field, row: row) ?? decodeText(field, row: row)
    case .date:
      if let days = field.fixedPoint(scale: 0) { return storeDays(days, row: row) }
      return decodeAnyDate(field, row: row)
    case .boolean:
      guard field.first == UInt8(ascii: "t") || field.first == UInt8(ascii: "f") else { return nil }
      store(field.first == UInt8(ascii: "t") ? 1 : 0, row)
      return field.start + 1
    // `CopyFormat` asks for none of these as text.
    case .timestamp, .float, .double, .bytes, .jsonb, .interval, .uuid: return nil
    }
  }

  // MARK: Numbers

  @inline(__always)
  private mutating func decodeInteger(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    guard let number = field.fixedPoint(scale: 0) ?? Self.anyInteger(field) else { return nil }
    switch kind {
    case .int16: guard Int16(exactly: number.mantissa) != nil else { return nil }
    case .int32: guard Int32(exactly: number.mantissa) != nil else { return nil }
    default: break
    }
    store(number.mantissa, row)
    return number.end
  }

  @inline(never)
  private static func anyInteger(_ field: TextField) -> (mantissa: Int64, end: UnsafeRawPointer)? {
    let end = field.end
    guard let number = Int64(text(field.start, end)) else { return nil }
    return (number, end)
  }

  @inline(never)
  private mutating func decodeAnyNumeric(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    let end: UnsafeRawPointer
    if let short = field.shortNumber {
      column.setNumeric(row, short.mantissa, scale: short.scale)
      end = short.end
    } else {
      end = field.end
      do {
        column.setNumeric(row, try Decimal(parsing: Self.text(field.start, end)))
      } catch {
        return nil
      }
    }
    scale = column.width == .narrow ? Int64(column.scaleState) : Self.noScale
    return end
  }

  // MARK: Dates

  /// A date as its days from 2000-01-01, the form in which fetches ask for it. No date looks like a number.
  @inline(__always)
  private mutating func storeDays(
    _ days: (mantissa: Int64, end: UnsafeRawPointer), row: Int
  ) -> UnsafeRawPointer? {
    guard let known = Int32(exactly: days.mantissa), Self.isDate(known) else { return nil }
    store(days.mantissa, row)
    return days.end
  }

  @inline(never)
  private mutating func decodeAnyDate(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    if let date = field.plainDate {
      store(Int64(date.days), row)
      return date.end
    }
    if let days = Self.anyInteger(field) { return storeDays(days, row: row) }
    let end = field.end
    do {
      store(Int64(try DateValue(parsing: Self.text(field.start, end)).days), row)
    } catch {
      return nil
    }
    return end
  }

  private static func text(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start, count: end - start), as: UTF8.self)
  }

  // MARK: Text

  /// Decodes text that is one plain letter.
  @inline(__always)
  private mutating func decodeLetter(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    guard field.hasTwoWords, let letter = field.onlyLetter else { return nil }
    reserve(1)
    data[dataCount] = letter
    finish(1, row)
    return field.start + 1
  }

  @inline(never)
  private mutating func decodeText(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    guard field.hasTwoWords else { return decodeLongText(field, from: field.start, row: row) }
    let start = field.start
    let (low, high) = (
      start.loadUnaligned(as: UInt64.self), start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    )
    let stops = TextField.stops(low)
    var length = stops.trailingZeroBitCount / 8
    if stops == 0 {
      let more = TextField.stops(high)
      guard more != 0 else { return decodeLongText(field, from: start + 16, row: row) }
      length = 8 &+ more.trailingZeroBitCount / 8
    }
    let end = start + length
    guard TextField.isEnd(end.load(as: UInt8.self)) else {
      return decodeLongText(field, from: end, row: row)
    }
    // `end` lies within the two words: as many bytes may be read.
    return decodeText(start, length: length, available: 16, row: row) ? end : nil
  }

  /// Decodes text that is known to be plain up to `position`.
  @inline(never)
  private mutating func decodeLongText(
    _ field: TextField, from position: UnsafeRawPointer, row: Int
  ) -> UnsafeRawPointer? {
    let stop = field.stop(from: position)
    if TextField.isEnd(stop.load(as: UInt8.self)) {
      let length = stop - field.start
      return decodeText(field.start, length: length, available: length, row: row) ? stop : nil
    }
    return decodeEscapedText(field, row: row)
  }

  private mutating func decodeEscapedText(_ field: TextField, row: Int) -> UnsafeRawPointer? {
    let end = field.end
    reserve(end - field.start)
    let target = data + dataCount
    var (length, position) = (0, field.start)
    while position < end {
      var byte = position.load(as: UInt8.self)
      position += 1
      if byte == TextField.backslash {
        guard position < end else { return nil }
        byte = Self.unescaped(position.load(as: UInt8.self))
        position += 1
      }
      target[length] = byte
      length += 1
    }
    guard UTF8Check.isValid(target, length) else {
      foundInvalidUTF8 = true
      return nil
    }
    finish(length, row)
    return end
  }

  /// What the server means by a letter behind a backslash; anything else means itself.
  private static func unescaped(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "v"): 0x0B
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "r"): 0x0D
    default: letter
    }
  }
}
