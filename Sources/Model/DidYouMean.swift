/// Finds the word that somebody probably meant.
package enum DidYouMean {
  /// The candidate that is the fewest slips away from `word`, if few enough for a word of that length: one
  /// slip in three letters. A slip is a letter too many, missing, wrong, or swapped with its neighbour; case
  /// counts for nothing. Among equals the first candidate wins.
  ///
  /// - Complexity: the product of both lengths per candidate; words over 64 letters have no suggestion.
  package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().unicodeScalars)
    guard !letters.isEmpty, letters.count <= 64 else { return nil }
    var best: (candidate: String, slips: Int)?
    for candidate in candidates where candidate != word {
      let other = Array(candidate.lowercased().unicodeScalars)
      let allowed = max(1, max(letters.count, other.count) / 3)
      guard other.count <= 64, abs(letters.count - other.count) <= allowed else { continue }
      let slips = distance(letters, other)
      // Of a word of one letter another one keeps nothing.
      if slips <= allowed, slips < max(letters.count, other.count), slips < (best?.slips ?? .max) {
        best = (candidate, slips)
      }
    }
    return best?.candidate
  }

  /// `Did you mean "x"?`, for a hint.
  package static func hint(for word: String, among candidates: some Sequence<String>) -> String? {
    nearest(to: word, among: candidates).map { "Did you mean `\($0)`?" }
  }

  /// Optimal string alignment distance: edits where no part is edited twice.
  private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (i, letter) in left.enumerated() {
      var current = [i + 1]
      for (j, other) in right.enumerated() {
        var slips = min(last[j] + (letter == other ? 0 : 1), last[j + 1] + 1, current[j] + 1)
        if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other {
          slips = min(slips, beforeLast[j - 1] + 1)
        }
        current.append(slips)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
